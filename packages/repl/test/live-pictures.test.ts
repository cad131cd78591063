import type { Key } from "node:readline";
import { PassThrough } from "node:stream";

import { HeatMap, Histogram, Table, type TablePart } from "@rxbpf/core";
import { column } from "@rxbpf/core/events";
import { of, Subject } from "rxjs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { cutLine } from "../src/live/fit.js";
import { printed } from "../src/live/printed.js";
import { show } from "../src/live/show.js";
import { widthOf } from "../src/live/width.js";
import { driven, type Event, events, terminal } from "./driven.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe("keys", () => {
  const rows = [
    { name: "b", count: 7 },
    { name: "a", count: 30 },
    { name: "c", count: 100 },
  ];

  /** A table with keys: its lines after each key. */
  async function keyed(value: unknown = new Table(0, rows), height = 12) {
    const source = new Subject<unknown>();
    const { output, lines } = terminal(70, height);
    const showing = show(source, output, { hasKeys: true });
    source.next(value);
    await lines();
    return {
      source,
      showing,
      lines,
      async after(...keys: Partial<Key>[]): Promise<string[]> {
        for (const key of keys) expect(showing.press({ ctrl: false, meta: false, shift: false, ...key })).toBe(true);
        return lines(0);
      },
    };
  }

  const [LEFT, RIGHT] = [{ name: "left" }, { name: "right" }];
  const at = (sequence: string): Partial<Key> => ({ sequence });
  const first = (lines: readonly string[]): string =>
    lines
      .slice(1, 4)
      .map((line) => line[0])
      .join("");

  test("are named in the last line, and only where something can be done with them", async () => {
    const { lines, showing, source } = await keyed();
    expect((await lines()).slice(-2)).toEqual([
      "1 table  1/s",
      "← → 1-9 sort  r reverse  + - rows  space pause  q quit",
    ]);
    source.complete();
    await showing.done;
    expect(await lines()).toEqual(["NAME COUNT", "b        7", "a       30", "c      100"]);
    const events = show(new Subject(), terminal().output, { hasKeys: true });
    expect(events.press({ name: "q" })).toBe(false);
  });

  test("sort by another column: the highest numbers first, texts by the alphabet, each also reversed", async () => {
    const { after } = await keyed();
    expect(first(await after(RIGHT))).toBe("abc");
    const byCount = await after(RIGHT);
    expect(first(byCount)).toBe("cab");
    expect(byCount.at(-2)).toBe("1 table  1/s  by COUNT, highest first");
    expect(first(await after({ name: "r" }))).toBe("bac");
    expect(first(await after(at("1")))).toBe("abc");
    expect(first(await after(LEFT))).toBe("bac");
    expect(first(await after({ name: "r" }))).toBe("cab");
    expect(first(await after(at("0"), LEFT))).toBe("cab");
  });

  test("sort numbers, texts and what is missing apart, and equal values stay in their order", async () => {
    const mixed = [{ key: "x", n: 1n }, { key: "y" }, { key: "z", n: "10" }, { key: "u", n: 9 }, { key: "v", n: 9 }];
    const { after } = await keyed(new Table(0, mixed), 14);
    const keys = (lines: readonly string[]): string =>
      lines
        .slice(1, 6)
        .map((line) => line[0])
        .join("");
    expect(keys(await after(at("2")))).toBe("xuvzy");
    expect(keys(await after({ name: "r" }))).toBe("yzuvx");
  });

  test("show more rows and fewer, and it is said how many there are", async () => {
    const many = new Table(
      0,
      Array.from({ length: 1234 }, (_, n) => ({ n })),
    );
    const { after, lines } = await keyed(many, 24);
    expect((await lines())[19]).toBe("  18");
    expect((await lines()).slice(20)).toEqual([
      "... 1,215 lines more",
      "1 table  1/s  19 of 1,234 rows",
      expect.anything(),
    ]);
    const fewer = await after(at("-"), at("-"));
    expect(fewer.slice(-3)).toEqual(["   8", "1 table  1/s  9 of 1,234 rows", expect.anything()]);
    expect((await after(at("+"))).slice(-3)).toEqual(["  13", "1 table  1/s  14 of 1,234 rows", expect.anything()]);
    expect((await after(at("-"), at("-"), at("-"), at("-"))).slice(0, 2)).toEqual(["   N", "   0"]);
  });

  test("pause it, and then show the latest", async () => {
    const { after, source, lines } = await keyed();
    expect((await after({ name: "space" })).at(-2)).toBe("1 table  1/s  paused");
    source.next(new Table(0, [{ name: "d", count: 1 }]));
    expect(first(await lines())).toBe("bac");
    expect(first(await after(at("2")))).toBe("cab");
    expect((await after({ name: "space" }))[1]).toMatch(/^d/);
  });

  test("quit in good order", async () => {
    const { stream, calls, give, complete } = driven<Table<Event>>({ tables: true });
    const showing = show(stream, terminal().output, { hasKeys: true });
    give(new Table(0, events(1)));
    showing.press({ name: "q" });
    expect(calls).toEqual(["stop"]);
    complete();
    await showing.done;
  });

  test("work on a table of parts, all rows in one order", async () => {
    const columns = (head: string) =>
      [column<{ n: number }>(head, "%4d", ({ n }) => n)] as unknown as TablePart["columns"];
    const [odd, even] = [columns("ODD"), columns("EVEN")];
    const tableParts = ({ rows }: Table<{ n: number }>): TablePart[] =>
      [
        { columns: odd, rows: rows.filter(({ n }) => n % 2 === 1) },
        { columns: even, rows: rows.filter(({ n }) => n % 2 === 0) },
      ].filter((part) => part.rows.length > 0);
    const { stream, give } = driven<Table<{ n: number }>>({ tables: true, tableParts, tableHeading: () => "now" });
    const { output, lines } = terminal(60, 10);
    const showing = show(stream, output, { hasKeys: true });
    give(
      new Table(
        0,
        [1, 2, 3, 4, 5].map((n) => ({ n })),
      ),
    );
    expect((await lines()).slice(0, -2)).toEqual(["now", " ODD", "   1", "   3", "", "EVEN", "... 3 lines more"]);
    showing.press({ sequence: "1" });
    expect((await lines()).slice(0, -2)).toEqual(["now", " ODD", "   5", "", "EVEN", "   4", "... 3 lines more"]);
  });
});

describe("pictures", () => {
  const times = [1, 2, 3].map((second) => second * 1000);

  test("of tables over time take every table, and are as high as the screen has room", async () => {
    let map = new HeatMap();
    const tableHeatMap = () => (table: Table<{ n: number }>) =>
      (map = map.with(table.time, new Histogram(Array.from({ length: 30 }, (_, i) => i + table.rows[0]!.n))));
    const { stream, give } = driven<Table<{ n: number }>>({ tables: true, tableHeatMap });
    const { output, lines, resize } = terminal(80, 14);
    show(stream, output, { hasKeys: true });
    give(...times.map((time, n) => new Table(time, [{ n }])));
    const seen = await lines();
    expect(seen).toHaveLength(13);
    expect(seen.slice(-6)).toEqual([
      expect.stringMatching(/^ +0 │[░▒]{3}$/),
      "         └───",
      expect.stringMatching(/^ {10}\d\d:\d\d:\d\d$/),
      expect.stringMatching(/^· 1 .* a column is 1s$/),
      "3 tables  3/s",
      "space pause  q quit",
    ]);
    resize(80, 40);
    expect((await lines()).filter((line) => line.includes("│"))).toHaveLength(30);
  });

  test("of numbers show how they went", async () => {
    const { output, lines } = terminal(60);
    const source = new Subject<unknown>();
    const showing = show(source, output);
    for (const number of [0, 10, 80, 40]) source.next(number);
    expect(await lines()).toEqual(["0", "10", "80", "40", "▁▁█▄ up to 80", "4 events  4/s  Ctrl-C ends"]);
    source.complete();
    await showing.done;
    expect(await lines()).toEqual(["0", "10", "80", "40"]);
  });

  test("have colours, unless the user wants none; and a dumb terminal gets lines", async () => {
    const map = new HeatMap().with(0, new Histogram([1]));
    const written = async (env: Record<string, string>): Promise<string> => {
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      let text = "";
      // A part of `Writable`, as a sink needs it.
      const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
      const write = output.write.bind(output);
      output.write = ((chunk: string, ...rest: []) => {
        text += String(chunk);
        return write(chunk, ...rest);
      }) as typeof output.write;
      const showing = show(of(map), output);
      await vi.advanceTimersByTimeAsync(1000);
      await showing.done;
      return text;
    };
    expect(await written({ NO_COLOR: "" })).toContain("\x1b[31m█\x1b[39m");
    // oxlint-disable-next-line no-control-regex
    expect(await written({ NO_COLOR: "1" })).not.toMatch(/\x1b\[\d+m/);
    expect(await written({ TERM: "dumb" })).toBe(`\n${map.picture()}\n`);
    expect(printed({ n: 1 }, { isTTY: true })).toBe("{ n: 1 }");
    vi.unstubAllEnvs();
    expect(printed(map, { isTTY: true, columns: 80 })).toContain("\x1b[31m█\x1b[39m");
  });
});

describe("wide characters", () => {
  test.each([
    ["bars", "█".repeat(30)],
    ["other alphabets", "кириллица ".repeat(3)],
    ["arrows, numbers and colours", "← →\x1b[31m 12".repeat(4)],
    ["families", "👩‍👩‍👧‍👦 x".repeat(6)],
  ])("are counted where a line is cut: %s before other text", (_, start) => {
    for (const columns of [5, 20, 40, 41, 60]) {
      const cut = cutLine(`${start}${"x".repeat(100)}`, columns);
      expect(widthOf(cut)).toBeLessThanOrEqual(columns);
      expect(widthOf(cut)).toBeGreaterThan(columns - 4);
      expect(cut).toContain("…");
    }
  });

  test("do not move the columns beside them, in tables and in rows that scroll", async () => {
    const names = ["ascii", "漢字漢字", "e\u0301e\u0301", "👩‍👩‍👧‍👦", "漢".repeat(12)];
    const COMM = [column<Event>("COMM", "%-16s ", (e) => names[e.pid]), column<Event>("N", "%6d", (e) => e.pid)];
    const { output, lines } = terminal(60, 20);
    const { stream, give } = driven({ columns: COMM });
    show(stream, output);
    give(...events(4));
    const at = (line: string): number => line.search(/\d$/);
    const seen = (await lines()).slice(1, 5);
    // As the terminal has it, where a wide character takes two cells of which the second is empty.
    const widths = seen.map((line) => widthOf(line.slice(0, at(line))));
    expect(new Set(widths)).toEqual(new Set([22]));

    const tables = driven<Table<Event>>({ tables: true, columns: COMM });
    const other = terminal(60, 20);
    show(tables.stream, other.output);
    tables.give(new Table(0, events(5)));
    const inTable = (await other.lines()).slice(1, 6);
    expect(new Set(inTable.map((line) => widthOf(line.slice(0, at(line))))).size).toBe(1);
  });
});
