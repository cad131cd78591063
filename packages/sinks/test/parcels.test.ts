import { readFileSync, readdirSync } from "node:fs";

import { openParcel, parcels, readRecording, toArrow } from "@rxbpf/sinks";
import { expect, test } from "vitest";

import { tableFromIPC } from "../../../testing/flechette.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";
import { lost, samples, streamOf } from "./samples.js";

const folder = temporaryFolder();

test("each batch is an Arrow stream of its own, from any offset on", async () => {
  const path = `${folder}/p.arrow`;
  const rows = samples(250);
  await run(streamOf(rows, lost(3)).pipe(toArrow(path, { batchRows: 100, compression: "zstd" })));
  const all = [...parcels(path)];
  expect(all.map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(all.flatMap(({ bytes }) => [...tableFromIPC(bytes).getChild("seq")!])).toEqual(rows.map(({ seq }) => seq));
  const opened = all.map(({ bytes }) => openParcel(bytes, "it"));
  expect(opened.flatMap(({ length, row }) => Array.from({ length }, (_, i) => row(i)))).toEqual(rows);
  expect(opened.at(-1)!.notes).toEqual([{ at: 50, note: lost(3) }]);
  expect(opened[0]!.info).toEqual(readRecording(path).info);
  expect([...parcels(path, all[0]!.end)].map(({ bytes }) => bytes)).toEqual(all.slice(1).map(({ bytes }) => bytes));
  expect([...parcels(path, 1e9)]).toEqual([]);
});

test("damaged bytes are no parcel", async () => {
  const path = `${folder}/damaged.arrow`;
  await run(streamOf(samples(100)).pipe(toArrow(path)));
  const [{ bytes } = { bytes: new Uint8Array() }] = parcels(path);
  expect(() => openParcel(bytes.subarray(0, bytes.length / 2), "it")).toThrow("Cannot read it: it is damaged");
  expect(() => openParcel(new Uint8Array(100), "it")).toThrow(/^Cannot read it: /);
  expect(() => openParcel(readFileSync(path), "it")).toThrow(/^Cannot read it: /);
});

test("batches stay within a number of bytes, and files know what their run recorded before", async () => {
  const rows = samples(2000);
  const options = { batchBytes: 100_000, rotate: { bytes: 300_000 } };
  await run(
    streamOf(...Array.from({ length: 20 }, (_, i) => rows.slice(100 * i, 100 * i + 100))).pipe(
      toArrow(`${folder}/l.arrow`, options),
    ),
  );
  const files = readdirSync(folder).filter((name) => name.startsWith("l-"));
  expect(files.length).toBeGreaterThan(2);
  let before = 0;
  for (const name of files.toSorted()) {
    const { info } = readRecording(`${folder}/${name}`);
    expect(info.rowsBefore).toBe(before);
    expect(info.run).toBe(readRecording(`${folder}/${files.toSorted()[0]}`).info.uptime);
    for (const { length, bytes } of parcels(`${folder}/${name}`)) {
      expect(bytes.length).toBeLessThan(120_000);
      before += length;
    }
  }
  expect(before).toBe(2000);
});
