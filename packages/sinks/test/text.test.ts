import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import { EventStream } from "@rxbpf/core";
import { column } from "@rxbpf/core/events";
import { toText } from "@rxbpf/sinks";
import { filter, map, type Observable, of } from "rxjs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { conformance, pipeConformance, HOSTILE, run } from "./conformance.js";
import { text } from "./tested.js";
import { row, type Row, tap } from "./tap.js";

conformance(text);
pipeConformance(text);

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rxbpf-text-"));
  path = join(directory, "out");
});
afterEach(() => rmSync(directory, { recursive: true }));

const HEAD = "SEQ                 SIZE NAME\n";
const written = (): string => readFileSync(path, "utf8");

/** The output for two events of a stream after operators. */
async function after(operators: (source: Observable<Row>) => Observable<unknown>): Promise<string> {
  const { stream, emit, complete } = tap();
  const ended = run(operators(stream).pipe(toText(path, { force: true })));
  emit(row(1), row(2, "a file"));
  complete();
  await ended;
  return written();
}

test("the columns of the stream make the table", async () => {
  expect(await after((source) => source)).toBe(
    HEAD + "1                     10 file\n" + "2                     20 a file\n",
  );
});

test("the heading is written when the source runs, before any event", async () => {
  const { stream } = tap();
  const subscription = stream.pipe(toText(path)).subscribe();
  await vi.waitFor(() => expect(written()).toBe(HEAD));
  subscription.unsubscribe();
});

test("a source that fails to start leaves no heading", async () => {
  const stream = new EventStream(tap().stream.info, () => {
    throw new Error("Cannot load tap: CAP_BPF is missing");
  });
  const output = new PassThrough();
  await expect(run(stream.pipe(toText(output)))).rejects.toThrow("CAP_BPF");
  expect(output.read()).toBe(null);
});

test("events after a filter are still a table", async () => {
  expect(await after(filter(({ seq }) => seq === 2))).toBe(HEAD + "2                     20 a file\n");
});

test("rows that are no longer the stream's events are written by their own keys", async () => {
  expect(await after(map(({ seq, name }) => ({ seq, name, none: undefined })))).toBe(
    'seq=1 name=file\nseq=2 name="a file"\n',
  );
  expect(await after(map((event) => ({ ...event, container: "web" })))).toBe(
    'seq=1 size=10 name=file container=web\nseq=2 size=20 name="a file" container=web\n',
  );
});

test("in a mixed stream each row is written in its own form", async () => {
  expect(await after(map((event) => (event.seq === 2 ? event : { note: event.seq })))).toBe(
    `note=1\n${HEAD}2                     20 a file\n`,
  );
});

test("a value that an operator took away is blank", async () => {
  expect(await after(map((event) => ({ ...event, size: undefined, name: undefined })))).toBe(
    HEAD + "1                        \n" + "2                        \n",
  );
});

test("given columns are used for every row", async () => {
  const columns = () => [column<{ n: number }>("N", "%3d", ({ n }) => n)];
  await run(of({ n: 1 }, { n: 2 }).pipe(toText(path, { columns })));
  expect(written()).toBe("  N\n  1\n  2\n");
});

test("a row of any kind has a line, and none says undefined", async () => {
  const rows = [
    { a: null, argv: ["ls", "-l"], tree: { x: 1n }, empty: "", at: "k=v" },
    "text",
    5,
    7n,
    true,
    null,
    undefined,
    [1],
  ];
  await run(of(...rows).pipe(toText(path)));
  expect(written()).toBe('a=null argv=["ls","-l"] tree={"x":1} empty="" at="k=v"\ntext\n5\n7\ntrue\nnull\nnull\n[1]\n');
});

test("hostile strings are escaped in keys, values and bare strings", async () => {
  await run(of(...HOSTILE, ...HOSTILE.map((name) => ({ [name]: name, list: [name] }))).pipe(toText(path)));
  expect(written()).toMatch(/^[ -~\n]*$/);
  expect(written().split("\n")).toHaveLength(2 * HOSTILE.length + 1);
});

test("an error in a column is the sink's error, after what came before", async () => {
  const columns = () => [column<string>("", "%s", (event) => event.toUpperCase())];
  await expect(run(of("a", 1 as unknown as string).pipe(toText(path, { columns })))).rejects.toThrow(TypeError);
  expect(written()).toBe("\nA\n");
});
