import { readFileSync } from "node:fs";

import { readRecording, toArrow } from "@rxbpf/sinks";
import { from } from "rxjs";
import { expect, test } from "vitest";

import { tableFromIPC } from "../../../testing/flechette.js";
import { readByPolars } from "../../../testing/polars.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";

// Readers limit how far a compressed batch may expand. The writer stays within that, however well its rows compress.
const folder = temporaryFolder();
const numbers = Array.from({ length: 100_000 }, (_, i) => i);

test.each([
  ["one truth", () => ({ is: true })],
  ["one text", () => ({ text: "the same", list: ["a", "b"], tree: { a: [1] } })],
  ["nothing", () => ({})],
  ["long texts", (i: number) => ({ i, text: i % 1000 === 0 ? "x".repeat(1 << 20) : "" })],
  ["columns that most rows lack", (i: number) => ({ [`column${i % 100}`]: i < 4096 ? i : undefined })],
])("rows that are all alike can be read back: %s", async (what, row) => {
  const path = `${folder}/${what}.arrow`;
  const rows = numbers.slice(0, what === "long texts" ? 60_000 : undefined).map(row);
  await run(from(rows).pipe(toArrow(path, { compression: "zstd" })));
  let count = 0;
  const batches = readRecording(path).batches();
  for (let next = batches.next(); ; next = batches.next()) {
    if (next.done) {
      expect(next.value).toMatchObject({ finished: true, dropped: 0 });
      break;
    }
    const { length, row: read } = next.value;
    for (let i = 0; i < length; i += 97) {
      const expected = Object.entries(rows[count + i]!).filter(([, value]) => value !== undefined);
      expect(read(i)).toEqual(Object.fromEntries(expected));
    }
    count += length;
  }
  expect(count).toBe(rows.length);
  expect(tableFromIPC(readFileSync(path)).numRows).toBe(rows.length);
  expect(readByPolars(path).shape.height).toBe(rows.length);
});
