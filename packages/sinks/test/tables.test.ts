import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import {
  type Count,
  countBy,
  EventStream,
  HeatMap,
  Histogram,
  histogram,
  joinBy,
  printable,
  rate,
  type StreamInfo,
  Table,
  top,
} from "@rxbpf/core";
import { column, schema, u32 } from "@rxbpf/core/events";
import { readRecording, replay, toArrow, toCsv, toJson, toText } from "@rxbpf/sinks";
import { bufferCount, filter, from, lastValueFrom, map, merge, NEVER, type Observable, of, toArray } from "rxjs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { HOSTILE, run } from "./conformance.js";
import { row, type Row, tap } from "./tap.js";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rxbpf-tables-"));
  path = join(directory, "out");
});
afterEach(() => rmSync(directory, { recursive: true }));

const table = <R>(...rows: readonly R[]): Table<R> => new Table(0, rows);
const written = (): string => readFileSync(path, "utf8");

/** The output for a stream's events after operators. */
async function after(
  change: (source: Observable<Row>) => Observable<unknown>,
  sink: typeof toText | typeof toJson | typeof toCsv,
  rows: readonly Row[] = [row(1), row(2, "a file"), row(3)],
): Promise<string> {
  const { stream, emit, complete } = tap();
  const ended = run(change(stream).pipe(sink(path, { force: true })));
  emit(...rows);
  complete();
  await ended;
  return written();
}

const counts = (source: Observable<Row>) => source.pipe(countBy((e) => e.name));

describe("toText", () => {
  test("writes counts as a table with columns of their own", async () => {
    expect(await after(counts, toText)).toBe("\nKEY    COUNT\nfile       2\na file     1\n");
  });

  test("writes each table under a heading; an empty one gets the heading of the one before", async () => {
    const rows = (...keys: string[]) => table(...keys.map((key) => ({ key, count: 1 })));
    await run(of(rows("a"), rows("bb", "ccccc"), table()).pipe(toText(path, { force: true })));
    expect(written()).toBe("\nKEY COUNT\na       1\n\nKEY   COUNT\nbb        1\nccccc     1\n\nKEY   COUNT\n");
  });

  test("marks the row of the keys beyond the limit", async () => {
    const limited = (source: Observable<Row>) => source.pipe(top(1, (e) => e.seq, { limit: 2 }));
    expect(await after(limited, toText)).toBe(
      "\nKEY          COUNT OTHERS\n1                1 \n(other keys)     1 true\n",
    );
  });

  test("keeps the stream's columns for tables of its events", async () => {
    const pairs = (source: Observable<Row>) =>
      source.pipe(
        bufferCount(2),
        map((rows) => table(...rows)),
      );
    expect(await after(pairs, toText)).toBe(
      "\nSEQ                 SIZE NAME\n1                     10 file\n2                     20 a file\n" +
        "\nSEQ                 SIZE NAME\n3                     30 file\n",
    );
  });

  test("escapes hostile keys, and a long key does not widen the other rows", async () => {
    const rows = [...HOSTILE, "x".repeat(4096), "short"].map((key) => ({ key, [`${key}\n`.slice(0, 9)]: key }));
    await run(of(table(...rows)).pipe(toText(path, { force: true })));
    expect(written()).toMatch(/^[ -~\n]*$/);
    expect(written().split("\n")).toHaveLength(rows.length + 3);
    await run(
      of(table({ key: "x".repeat(4096), count: 1 }, { key: "short", count: 2 })).pipe(toText(path, { force: true })),
    );
    expect(written().split("\n")[3]).toHaveLength("COUNT".length + 41);
  });

  test("uses columns that are given for the rows of tables", async () => {
    const columns = () => [
      column<Count<string>>("N", "%3d ", (e) => e.count),
      column<Count<string>>("WHO", "%s", (e) => e.key),
    ];
    const counted: Observable<Table<Count<string>>> = of(table({ key: "a", count: 5 }), table({ key: "b", count: 6 }));
    await run(counted.pipe(toText(path, { columns })));
    expect(written()).toBe("  N WHO\n  5 a\n\n  N WHO\n  6 b\n");
  });

  /** The output for a stream of tables, on a terminal or not. */
  async function writtenTo(isTTY: boolean, info: Partial<StreamInfo>): Promise<string> {
    const target = Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY });
    const columns = () => [column<{ n: number }>("N", "%2d", (e) => e.n)];
    const told = { name: "tables", schema: schema("", { n: u32("") }), tables: true, columns, ...info };
    const stream = new EventStream<Table<{ n: number }>>(told, (receiver) => {
      receiver.status({ type: "attached", programs: [] });
      for (const rows of [[{ n: 1 }, { n: 2 }, { n: 3 }], [{ n: 4 }]])
        receiver.batch({ length: 1, row: () => table(...rows) });
      setImmediate(() => receiver.complete());
      const nothing = (): void => {};
      return { stop: nothing, close: nothing, hold: nothing, release: nothing };
    });
    await run(stream.pipe(toText(target)));
    return String(target.read());
  }

  test("writes only the `tableRows` first rows of a probe's table", async () => {
    expect(await writtenTo(false, { tableRows: 2 })).toBe("\n N\n 1\n 2\n\n N\n 4\n");
    const tableText = ({ rows }: Table<never>): string => `${rows.length}\n`;
    expect(await writtenTo(false, { tableRows: 2, tableText })).toBe("\n2\n\n1\n");
  });

  test("clears a terminal for a table that replaces the one before, and only a terminal", async () => {
    const clear = "\x1b[H\x1b[2J";
    expect(await writtenTo(true, { tableInPlace: true })).toBe(`${clear} N\n 1\n 2\n 3\n${clear} N\n 4\n`);
    expect(await writtenTo(true, {})).toBe("\n N\n 1\n 2\n 3\n\n N\n 4\n");
    expect(await writtenTo(false, { tableInPlace: true })).toBe("\n N\n 1\n 2\n 3\n\n N\n 4\n");
  });

  test("writes a heat map when its columns are full, and the rest of it in the end", async () => {
    const one = new Histogram([0, 1]);
    const maps = Array.from({ length: 71 }, (_, i) => i).reduce(
      (all, i) => [...all, (all.at(-1) ?? new HeatMap()).with(i * 1000, one)],
      [] as HeatMap[],
    );
    await run(from(maps).pipe(toText(path, { force: true })));
    const pictures = written().split(/(?<=a column is 1s|in a cell)\n/);
    expect(pictures.map((picture) => /│(.*)/.exec(picture)?.[1])).toEqual(["█".repeat(70), "█", undefined]);
    expect(
      written()
        .split("\n")
        .every((line) => line.length <= 80),
    ).toBe(true);
    // The same of tables that are asked to be drawn so.
    const rows = await writtenTo(false, { tableHeatMap: () => () => maps[0]! });
    expect(rows).toBe(`\n${maps[0]!.picture()}\n`);
  });

  test("writes the parts of a table, each under the heading of its columns", async () => {
    const columns = ["N", "  N"].map((head) => [
      column<{ n: number }>(head, `%${head.length + 1}d`, ({ n }) => n),
    ]) as unknown as NonNullable<ReturnType<NonNullable<StreamInfo["tableParts"]>>>[number]["columns"][];
    const tableParts = ({ rows }: Table<{ n: number }>) =>
      [1, 0].map((odd, i) => ({ columns: columns[i]!, rows: rows.filter(({ n }) => n % 2 === odd) }));
    expect(await writtenTo(false, { tableParts })).toBe("\n N\n 1\n 3\n\n   N\n   2\n\n N\n\n   N\n   4\n");
  });

  test("draws a histogram, and writes a rate as a number", async () => {
    const drawn = await after((source) => source.pipe(histogram((e) => e.size)), toText);
    expect(drawn).toMatch(
      /^\n {5}value +: count {5}distribution\n +0 -> 1 [^]*\n +8 -> 15 +: 1 +\|\*{20} {20}\|\n +16 -> 31 +: 2 /,
    );
    expect(drawn).toMatch(/\ncount 3, min 10, max 30, mean 20\n$/);
    await run(of(12.5).pipe(toText(path, { force: true })));
    expect(written()).toBe("12.5\n");
  });

  test("writes joined events by their own keys", async () => {
    const other = merge(of({ seq: 2, who: "make" }), NEVER);
    expect(await after((source) => source.pipe(joinBy({ other }, (e) => e.seq)), toText, [row(1), row(2)])).toBe(
      'seq=1 size=10 name=file\nseq=2 size=20 name=file other={"seq":2,"who":"make"}\n',
    );
  });

  test("leaves arrays that are no tables as they are", async () => {
    await run(of([], ["a"], [1, { a: 1 }], [[1]], [null]).pipe(toText(path, { force: true })));
    expect(written()).toBe('[]\n["a"]\n[1,{"a":1}]\n[[1]]\n[null]\n');
  });
});

describe("toJson", () => {
  test("writes each row of a table, and nothing for an empty table", async () => {
    await run(
      of(
        table<unknown>({ key: 1n, count: 2 }, { key: "1", count: 1 }),
        table(),
        table<unknown>({ key: true, count: 3 }),
      ).pipe(toJson(path, { force: true })),
    );
    expect(written()).toBe('{"key":1,"count":2}\n{"key":"1","count":1}\n{"key":true,"count":3}\n');
    expect(await after(counts, toJson)).toBe('{"key":"file","count":2}\n{"key":"a file","count":1}\n');
  });

  test("writes a heat map as its columns", async () => {
    await run(of(new HeatMap().with(5, new Histogram([0, 3]))).pipe(toJson(path, { force: true })));
    expect(JSON.parse(written())).toEqual({
      columns: [{ time: 5, histogram: { count: 3, buckets: [{ from: 2, to: 4, count: 3 }] } }],
    });
  });

  test("writes a histogram as its fields, and arrays that are no tables as arrays", async () => {
    const lines = await after((source) => source.pipe(histogram((e) => e.seq)), toJson);
    expect(JSON.parse(lines)).toMatchObject({ count: 3, buckets: [{ from: 0, to: 2, count: 1 }, { count: 2 }] });
    await run(of([], ["a"]).pipe(toJson(path, { force: true })));
    expect(written()).toBe('[]\n["a"]\n');
  });
});

describe("toCsv", () => {
  test("gives a spreadsheet no formula: a text that begins like one has a mark, which can be removed; numbers have none", async () => {
    const texts = [
      ...[
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("http://x","y")',
        "＝1",
        "＋1",
        "－1",
        "＠x",
      ],
      ...["'quoted", "''", "a=b", "/path", "", " =1", "\t=1", "\r=1"],
    ];
    const rows = from(texts.map((text, i) => ({ text, [texts[0]!]: -1 - i, list: ["=1"] })));
    await run(rows.pipe(toCsv(path, { force: true })));
    const [head, ...lines] = written().trimEnd().split("\n");
    expect(head).toBe("text,'=1+1,list");
    const cells = lines.map((line) => /^("(?:[^"]|"")*"|[^,"]*),(-?\d+),"\[""=1""\]"$/.exec(line)!.slice(1));
    expect(cells.map(([, number]) => Number(number))).toEqual(texts.map((_, i) => -1 - i));
    const shown = cells.map(([cell = ""]) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell));
    for (const text of shown) expect(text).not.toMatch(/^[=+\-@＝＋－＠\t\r]/);
    expect(shown.map((text) => text.replace(/^'/, ""))).toEqual(texts.map(printable));
  });

  test("writes the rows of tables under their keys", async () => {
    expect(await after(counts, toCsv)).toBe("key,count\nfile,2\na file,1\n");
  });

  test("takes the columns from the first row if rows are no longer the stream's events", async () => {
    expect(
      await after(
        map(({ seq, name }) => ({ name, seq })),
        toCsv,
      ),
    ).toBe("name,seq\nfile,1\na file,2\nfile,3\n");
    expect(
      await after(
        map((event) => ({ ...event, more: event.seq })),
        toCsv,
      ),
    ).toMatch(/^seq,size,name,more\n1,10,file,1\n/);
    expect(
      await after(
        filter(({ seq }) => seq > 2),
        toCsv,
      ),
    ).toBe("seq,size,name\n3,30,file\n");
    expect(
      await after(
        map(({ seq }) => seq),
        toCsv,
      ),
    ).toBe("value\n1\n2\n3\n");
  });

  test("fails for a row with a key without a column, after writing the rows before", async () => {
    const rows = of<object[]>({ a: 1 }, { a: 2, b: 3 });
    await expect(run(rows.pipe(toCsv(path)))).rejects.toThrow("Cannot write a row as CSV: it has b");
    expect(written()).toBe("a\n1\n");
  });
});

describe("toArrow", () => {
  /** The recorded rows. */
  const rows = (): Promise<unknown[]> => lastValueFrom(replay(path).pipe(toArray()));

  test("records the rows of tables, in columns of their own, and does not call them the probe's events", async () => {
    expect(await after(counts, toArrow as typeof toText)).toContain("rxbpf");
    expect(await rows()).toEqual([
      { key: "file", count: 2 },
      { key: "a file", count: 1 },
    ]);
    expect(readRecording(path).info.probe).toBe("");
  });

  test("keeps the schema of events after operators that leave their fields", async () => {
    await after(
      filter(({ seq }) => seq > 2),
      toArrow as typeof toText,
    );
    expect(readRecording(path).info.probe).toBe("tap");
    expect(await rows()).toEqual([row(3)]);
  });

  test("records keys of several types, rates, histograms and joined events", async () => {
    await run(
      of(table<unknown>({ key: 1, count: 2 }, { key: "1", count: 3 }), table()).pipe(toArrow(path, { force: true })),
    );
    expect(await rows()).toEqual([
      { key: 1, count: 2 },
      { key: "1", count: 3 },
    ]);
    await run(of(12.5, 0).pipe(toArrow(path, { force: true })));
    expect(await rows()).toEqual([{ value: 12.5 }, { value: 0 }]);
    await after((source) => source.pipe(histogram((e) => e.seq)), toArrow as typeof toText);
    expect(await rows()).toMatchObject([{ count: 3, min: 1, buckets: [{ from: 0, to: 2, count: 1 }, { count: 2 }] }]);
    const other = merge(of({ seq: 2, who: ["make", "all"] }), NEVER);
    await after((source) => source.pipe(joinBy({ other }, (e) => e.seq)), toArrow as typeof toText, [row(1), row(2)]);
    expect(await rows()).toEqual([row(1), { ...row(2), other: { seq: 2, who: ["make", "all"] } }]);
  });
});

test("a stream whose events are tables is written with its own columns, also if the first table is empty", async () => {
  const columns = () => [column<{ n: number }>("N", "%2d", (e) => e.n)];
  const info = {
    name: "counts",
    schema: schema("count", { n: u32("a number") }),
    tables: true,
    columns,
    banner: "Counting",
  };
  const stream = new EventStream<Table<{ n: number }>>(info, (receiver) => {
    for (const one of [table<{ n: number }>(), table({ n: 1 }, { n: 2 })])
      receiver.batch({ length: 1, row: () => one });
    queueMicrotask(() => receiver.complete());
    return { stop() {}, close() {}, hold() {}, release() {} };
  });
  await run(stream.pipe(toText(path, { force: true })));
  expect(written()).toBe("Counting\n\n N\n\n N\n 1\n 2\n");
  await run(stream.pipe(toJson(path, { force: true })));
  expect(written()).toBe('{"n":1}\n{"n":2}\n');
  await run(
    stream.pipe(
      map((all) => all.with(all.rows.slice(1))),
      toText(path, { force: true }),
    ),
  );
  expect(written()).toBe("\nCounting\n N\n\n N\n 2\n");
});

test("rates can be written, and losses of the stream behind them are", async () => {
  const { stream, lose, complete } = tap();
  const ended = run(stream.pipe(rate(), toText(path, { force: true })));
  lose(3, "ring full");
  complete();
  await ended;
  expect(written()).toBe("LOST 3 events: ring full\n");
});
