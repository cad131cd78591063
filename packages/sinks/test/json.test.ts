import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { printableJson } from "@rxbpf/core";
import { toJson } from "@rxbpf/sinks";
import { map, of } from "rxjs";
import { afterEach, beforeEach, expect, test } from "vitest";

import { conformance, pipeConformance, HOSTILE, run } from "./conformance.js";
import { json } from "./tested.js";
import { row, tap } from "./tap.js";

conformance(json);
pipeConformance(json);

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "rxbpf-json-"))));
afterEach(() => rmSync(directory, { recursive: true }));

async function lines(...rows: unknown[]): Promise<string[]> {
  const path = join(directory, "out");
  await run(of(...rows).pipe(toJson(path)));
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(/\n$/);
  return text.slice(0, -1).split("\n");
}

test("keys are in the row's order, nested values and arrays are kept", async () => {
  const row = {
    zebra: 1.5,
    alpha: "a b",
    flag: true,
    none: null,
    argv: ["ls", "-l"],
    tree: { ino: 7, deep: [{}] },
  };
  expect(await lines(row)).toEqual([JSON.stringify(row)]);
});

test("a bigint is a whole number, wherever it stands, and a string of digits stays a string", async () => {
  const row = {
    ino: 2n ** 64n - 1n,
    list: [-1n, "1"],
    tree: { big: 0n },
    text: "18446744073709551615",
  };
  expect(await lines(row)).toEqual([
    '{"ino":18446744073709551615,"list":[-1,"1"],"tree":{"big":0},"text":"18446744073709551615"}',
  ]);
});

test("values that JSON cannot express are written as JSON.stringify does", async () => {
  expect(
    await lines({ nan: NaN, infinite: Infinity, missing: undefined, list: [undefined] }, undefined, "text", 5),
  ).toEqual(['{"nan":null,"infinite":null,"list":[null]}', "null", '"text"', "5"]);
});

test("a row that JSON cannot hold is an error after what came before", async () => {
  const cycle: Record<string, unknown> = { big: 1n };
  cycle["self"] = cycle;
  await expect(lines(1, cycle)).rejects.toThrow("circular");
  expect(readFileSync(join(directory, "out"), "utf8")).toBe("1\n");
});

test("a hostile string is the same string to a reader of JSON, and no terminal obeys it", async () => {
  const written = await lines(...HOSTILE.map((name) => ({ [name]: name })));
  expect(written.map((line) => JSON.parse(line))).toEqual(HOSTILE.map((name) => ({ [name]: name })));
  expect(written.join("")).toMatch(/^[ -~]*$/);
});

test("a loss is a line with everything that is known about it", async () => {
  const path = join(directory, "out");
  const { stream, lose, complete } = tap();
  const ended = run(stream.pipe(toJson(path)));
  lose(328, "ring full");
  lose(12, "ring full");
  complete();
  await ended;
  expect(readFileSync(path, "utf8")).toBe(
    '{"type":"lost","time":1700000000000.5,"count":328,"total":328,"reason":"ring full"}\n' +
      '{"type":"lost","time":1700000000000.5,"count":12,"total":340,"reason":"ring full"}\n',
  );
});

test("records are written without making rows, with the same lines, in order with other events", async () => {
  const path = join(directory, "out");
  const rows = Array.from({ length: 20_000 }, (_, i) => row(i, HOSTILE[i % HOSTILE.length]?.slice(0, 40)));
  const source = tap(({ emit, emitRecords, lose, complete }) => {
    emitRecords(...rows.slice(0, 9000));
    lose(3, "ring full");
    emitRecords(...rows.slice(9000, 9001));
    emit(...rows.slice(9001, 11_000));
    emitRecords(...rows.slice(11_000));
    complete();
  });
  const progress = await run(source.stream.pipe(toJson(path)));
  const written = readFileSync(path, "utf8").split("\n");
  const lines = rows.map((row) => printableJson(JSON.stringify(row)));
  const lost = '{"type":"lost","time":1700000000000.5,"count":3,"total":3,"reason":"ring full"}';
  expect(written).toEqual([...lines.slice(0, 9000), lost, ...lines.slice(9000), ""]);
  expect(progress).toEqual({ rows: 20_000, bytes: statSync(path).size, lost: 3 });
  expect(source.calls).toMatchObject({ start: 1, close: 1 });
});

test("a record that cannot be written ends the run with its error, after what came before it", async () => {
  const path = join(directory, "out");
  const source = tap(({ emitRecords }) => emitRecords(row(1), row(2), row(3, "large", 2 ** 53), row(4)));
  await expect(run(source.stream.pipe(toJson(path)))).rejects.toThrow("Cannot represent 9007199254740992 exactly");
  expect(readFileSync(path, "utf8")).toBe([row(1), row(2)].map((row) => `${JSON.stringify(row)}\n`).join(""));
  expect(source.calls.close).toBe(1);
});

test("after an operator rows are written", async () => {
  const path = join(directory, "out");
  const source = tap(({ emitRecords, complete }) => {
    emitRecords(row(1));
    complete();
  });
  await run(source.stream.pipe(map(({ name }) => ({ name }))).pipe(toJson(path)));
  expect(readFileSync(path, "utf8")).toBe('{"name":"made of a record"}\n');
});
