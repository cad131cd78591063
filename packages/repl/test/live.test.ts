import { histogram, Table } from "@rxbpf/core";
import { column, runs } from "@rxbpf/core/events";
import { from, map, merge, NEVER, of, Subject, throwError } from "rxjs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { printed } from "../src/live/printed.js";
import { show } from "../src/live/show.js";
import { driven, type Event, events, terminal } from "./driven.js";

const HOSTILE = "\x1b[31m]\u202e\x9b";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("rows", () => {
  test("scroll by under a heading that comes again before it is gone, above a line that counts", async () => {
    const { stream, give } = driven();
    const { output, lines } = terminal(60, 8);
    show(stream, output);
    expect(await lines()).toEqual(["PID    PATH", "0 events  0/s  Ctrl-C ends"]);
    give(...events(3));
    expect(await lines()).toEqual(["PID    PATH", "0      /p/0", "1      /p/1", "2      /p/2", expect.anything()]);
    for (const event of events(20)) {
      give(event);
      const seen = await lines();
      expect(seen.some((line) => line.startsWith("PID"))).toBe(true);
      expect(seen.at(-2)).toBe(`${String(event.pid).padEnd(6)} ${event.path}`);
      expect(seen.at(-1)).toMatch(/^\d+ events /);
    }
  });

  test("of more than can be read only some are made and shown, in order, and all are counted", async () => {
    const { stream, give, rows, lose } = driven();
    const { output, lines } = terminal(100, 10);
    show(stream, output);
    for (let i = 0; i < 20; i++) {
      give(...events(10_000));
      await lines();
    }
    lose(7, "ring full");
    const seen = await lines();
    expect(seen.at(-1)).toMatch(
      /^200,000 events {2}[\d,]+\/s {2}\d{3} of them shown {2}lost 7 \(ring full\) {2}Ctrl-C ends$/,
    );
    expect(seen.filter((line) => /^\d+ +\/p/.test(line)).length).toBeGreaterThan(5);
    expect(rows.length).toBeLessThan(20_000);
  });

  test("after operators are what they are", async () => {
    const { output, lines } = terminal();
    const showing = show(from([{ a: 1 }, "two\x1b[2J", 3, null]), output);
    await showing.done;
    expect(await lines()).toEqual(["a=1", "two\\x1b[2J", "3", "null"]);
  });

  test("wider than the terminal are cut, whatever their characters, and the last line stays one", async () => {
    const { stream, give } = driven();
    const { output, lines } = terminal(20, 9);
    show(stream, output);
    const wide = ["x", "漢字", "👩‍👩‍👧‍👦", "e\u0301", "\u200b\u200d", "🇩🇪"];
    give(...wide.map((one, pid) => ({ pid, path: one.repeat(200) })));
    const seen = await lines();
    expect(seen.map((line) => line.slice(0, 2))).toEqual(["PI", "0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 "]);
    expect(seen[1]).toBe(`0      ${"x".repeat(11)}…`);
    expect(seen[2]).toBe("1      漢字漢字漢…");
    expect(seen.at(-1)).toBe("6 events  6/s  Ctr…");
  });

  test("leave no trace of the last line when the terminal changes its size", async () => {
    const { stream, give } = driven();
    const { output, lines, resize } = terminal(60, 10);
    show(stream, output);
    for (const [pid, columns] of [60, 24, 13, 80, 20].entries()) {
      give({ pid, path: "/a" });
      await lines();
      resize(columns, 10);
      expect((await lines()).filter((line) => /event|Ctrl|ends/.test(line))).toHaveLength(1);
    }
    expect(await lines()).toEqual([
      "PID    PATH",
      ...[0, 1, 2, 3, 4].map((pid) => `${pid}      /a`),
      expect.anything(),
    ]);
  });
});

describe("tables", () => {
  const table = (count: number) =>
    new Table(
      0,
      Array.from({ length: count }, (_, i) => ({ key: `k${i}`, count: i * 100 })),
    );

  test("take the place of the one before, the latest always", async () => {
    const source = new Subject<unknown>();
    const { output, lines } = terminal();
    const showing = show(source, output);
    for (let i = 1; i <= 500; i++) source.next(new Table(0, [{ n: i }]));
    expect(await lines()).toEqual([expect.stringMatching(/^ *N$/), "500", expect.stringMatching(/^500 tables/)]);
    for (let i = 501; i <= 1000; i++) source.next(new Table(0, [{ n: i }]));
    source.complete();
    await showing.done;
    expect(await lines()).toEqual([expect.stringMatching(/^ *N$/), "1000"]);
  });

  test("that are higher than the screen are cut, which is said, and whole in the end", async () => {
    const source = new Subject<unknown>();
    const { output, lines } = terminal(60, 8);
    const showing = show(source, output);
    source.next(table(50));
    const seen = await lines();
    expect(seen).toHaveLength(7);
    expect(seen.slice(0, 6)).toEqual([
      "KEY COUNT",
      "k0      0",
      "k1    100",
      "k2    200",
      "k3    300",
      "... 46 lines more",
    ]);
    source.next(table(2));
    expect((await lines()).slice(0, -1)).toEqual(["KEY COUNT", "k0      0", "k1    100"]);
    source.next(table(5));
    source.complete();
    await showing.done;
    expect((await lines()).slice(0, 6)).toEqual([
      "KEY COUNT",
      "k0      0",
      "k1    100",
      "k2    200",
      "k3    300",
      "k4    400",
    ]);
  });

  test("of a probe are in its columns", async () => {
    const { stream, give } = driven<Table<Event>>({ tables: true });
    const { output, lines } = terminal();
    show(stream, output);
    give(new Table(0, events(3)));
    give(new Table(0, events(2)));
    expect(await lines()).toEqual(["PID    PATH", "0      /p/0", "1      /p/1", expect.stringMatching(/^2 tables/)]);
  });

  test("are drawn in their place also when the terminal became narrower", async () => {
    const source = new Subject<unknown>();
    const { output, lines, resize } = terminal(60, 14);
    show(source, output);
    const wide = [
      { name: "x".repeat(35), path: "y".repeat(30) },
      { name: "a", path: "z".repeat(40) },
    ];
    source.next(new Table(0, wide));
    await lines();
    resize(25, 14);
    expect((await lines()).filter((line) => /NAME/.test(line))).toHaveLength(1);
  });
});

describe("a narrow terminal", () => {
  /** Every number on the screen, but in a text that is marked as cut there. */
  const numbers = (lines: readonly string[]): string[] => lines.join("\n").match(/\d(?:[\d,.]*\d)?(?![\d,.]*…)/g) ?? [];
  const WIDTHS = Array.from({ length: 100 }, (_, i) => i + 3);

  test.each([
    [
      "counts",
      () =>
        of(
          new Table<unknown>(0, [
            { key: "/usr/lib/x86_64-linux-gnu/libc.so", count: 173_824 },
            { key: "/etc/hosts", count: 96 },
          ]),
        ),
    ],
    [
      "counts by number",
      () =>
        of(
          new Table<unknown>(0, [
            { key: 4_026_531_840, count: 173_824 },
            { key: 12, count: 96 },
          ]),
        ),
    ],
    [
      "several columns",
      () => of(new Table<unknown>(0, [{ comm: "node", port: 44_321, address: "192.168.178.143", bytes: 1_234_567 }])),
    ],
    ["pairs", () => of({ comm: "node", port: 44_321, bytes: 1_234_567 })],
    ["a histogram", () => from([1, 5, 900, 70_000]).pipe(histogram((n) => n))],
  ])("cuts texts and never numbers: %s", async (_, source) => {
    const { output, lines } = terminal(200, 20);
    await show(source(), output).done;
    const whole = numbers(await lines());
    for (const columns of WIDTHS) {
      const narrow = terminal(columns, 20);
      await show(source(), narrow.output).done;
      const seen = numbers(await narrow.lines());
      expect(
        seen.filter((one) => !whole.includes(one)),
        `at ${columns}`,
      ).toEqual([]);
    }
  });

  test("shows the counts at 45 columns, and the keys as far as there is room, marked where they are cut", async () => {
    const { output, lines, resize } = terminal(45, 20);
    const source = new Subject<unknown>();
    show(source, output);
    const rows = [
      { key: "/usr/lib/x86_64-linux-gnu/libc.so.6/and/more", count: 173_824 },
      { key: "/etc/hosts", count: 96 },
    ];
    source.next(new Table(0, rows));
    expect(await lines()).toEqual([
      "KEY                                    COUNT",
      "/usr/lib/x86_64-linux-gnu/libc.so.6/… 173824",
      "/etc/hosts                                96",
      expect.stringMatching(/^1 table /),
    ]);
    resize(20, 20);
    expect((await lines()).slice(-4, -1)).toEqual([
      "KEY           COUNT",
      "/usr/lib/x8… 173824",
      "/etc/hosts       96",
    ]);
  });

  test("shows the last number of events too, with columns that stand below each other", async () => {
    const columns = [
      column<Event>("PID", "%-7d ", (e) => e.pid),
      column<Event>("COMM", "%-12.12s ", () => "node"),
      column<Event>("ADDRESS", "%-16s ", () => "fe80::1234:5678:9abc"),
      column<Event>("PORT", "%-6d ", () => 44_321, "%-6s"),
    ];
    const { stream, give } = driven({ columns });
    const { output, lines } = terminal(36, 20);
    show(stream, output);
    give({ pid: 1, path: "" }, { pid: 4_194_304, path: "" });
    expect(await lines()).toEqual([
      "PID     COMM      ADDRESS   PORT",
      "1       node      fe80::12… 44321",
      "4194304 node      fe80::12… 44321",
      expect.anything(),
    ]);
  });
});

describe("the end", () => {
  test("comes in good order: what is under way is waited for, however long that takes, then shown and counted", async () => {
    const { stream, calls, give, complete } = driven();
    const { output, lines } = terminal();
    const showing = show(stream, output);
    showing.stop();
    await lines(50);
    expect(calls).toEqual(["stop"]);
    give({ pid: 7, path: "/late" });
    complete();
    await showing.done;
    expect(calls).toEqual(["stop", "close"]);
    expect(await lines()).toEqual(["PID    PATH", "7      /late"]);
    expect(runs().filter(({ info }) => info === stream.info)).toEqual([]);
  });

  test("comes at once when it is asked for again", async () => {
    const { stream, calls } = driven();
    const showing = show(stream, terminal().output);
    showing.stop();
    showing.stop();
    await showing.done;
    expect(calls).toEqual(["stop", "close"]);
  });

  test("comes also where nothing is attached, or not all ends with what is", async () => {
    const first = show(NEVER, terminal().output);
    first.stop();
    await vi.runAllTimersAsync();
    await first.done;

    const { stream, complete, calls } = driven();
    const second = show(merge(stream, NEVER), terminal().output);
    second.stop();
    expect(calls).toEqual(["stop"]);
    complete();
    await vi.runAllTimersAsync();
    await second.done;
  });

  test("by an error is told by it, below what was shown", async () => {
    const { stream, give, error } = driven();
    const { output, lines } = terminal();
    const showing = show(stream, output);
    give({ pid: 1, path: "/a" });
    error(new Error("Cannot go on"));
    await expect(showing.done).rejects.toThrow("Cannot go on");
    expect(await lines()).toEqual(["PID    PATH", "1      /a"]);
    await expect(
      show(
        throwError(() => new Error("at once")),
        output,
      ).done,
    ).rejects.toThrow("at once");
  });

  test("says what was not shown", async () => {
    const { stream, give, lose, notice, complete } = driven();
    const { output, lines } = terminal(45, 20);
    const showing = show(stream, output);
    notice(`look \x1b[31m${"漢".repeat(30)}`);
    give({ pid: 1, path: "/a" });
    lose(1234, "ring full");
    complete();
    await showing.done;
    expect(await lines()).toEqual([
      "PID    PATH",
      expect.stringMatching(/^rxbpf: look \\x1b\[31m漢+$/),
      expect.stringMatching(/^漢+$/),
      "1      /a",
      "1 event  lost 1,234 (ring full)",
    ]);
  });
});

describe("a value", () => {
  const colours = { isTTY: true, columns: 80 };

  test("has colours of its own on a terminal only", () => {
    expect(printed({ n: 1 }, colours)).toBe("{ n: \x1b[33m1\x1b[39m }");
    expect(printed({ n: 1 }, {})).toBe("{ n: 1 }");
  });

  test.each([
    ["an error", new Error(HOSTILE)],
    ["a symbol", Symbol(HOSTILE)],
    ["an expression", new RegExp(HOSTILE)],
    ["a string", HOSTILE],
    ["a key", { [HOSTILE]: 1 }],
    ["a key of a Map", new Map([[HOSTILE, 1]])],
    ["a table's heading and cell", [{ [HOSTILE]: HOSTILE }]],
    ["a function's name", Object.defineProperty(() => {}, "name", { value: HOSTILE })],
  ])("that a process made cannot reach the terminal as %s", (_, value) => {
    const seen = printed(value, colours);
    expect(seen).toMatch(/\\u202[eE]/);
    // oxlint-disable-next-line no-control-regex
    expect(seen.replace(/\x1b\[(?:32|39)m/g, "")).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(seen).not.toContain("\x1b[31m");
  });

  test("that is a stream is told by its name, and attached by nobody", () => {
    const { stream, complete } = driven();
    expect(printed(stream, colours)).toBe("probe stream, not attached");
    const piped = stream.pipe(map(({ pid }) => pid));
    expect(printed(piped, colours)).toBe("probe stream through operators, not attached");
    stream.subscribe();
    expect(printed(stream, colours)).toMatch(/^probe stream, attached as \d+$/);
    complete();
    expect(printed(NEVER, colours)).toBe("a stream, which starts when subscribed to");
  });

  test("that is a table fits the terminal, without the columns that tell least", () => {
    const rows = Array.from({ length: 30 }, (_, pid) => ({
      pid,
      tid: pid,
      ppid: 1,
      comm: "cat",
      cgroupId: 1234567,
      mntnsId: 4026531840,
      path: "/etc/hostname",
    }));
    const lines = printed(rows, { isTTY: true, columns: 36 }).split("\n");
    expect(lines[0]).toBe("PID TID PPID COMM PATH");
    expect(lines.slice(-2)).toEqual(["... without mntnsId, cgroupId", "... and 10 rows more"]);
    expect(printed(rows, {}).split("\n")[0]).toBe("PID TID PPID COMM CGROUPID    MNTNSID PATH");
    expect(rows[0]).toHaveProperty("mntnsId");
    const [, row] = printed([{ path: "x".repeat(100) }], { isTTY: true, columns: 40 }).split("\n");
    expect(row).toHaveLength(40);
  });

  test("that is a table of events has times that can be read, with the day where it is not today", () => {
    vi.setSystemTime(new Date(2026, 0, 2, 12));
    const at = (day: number, hour: number) => ({
      time: new Date(2026, 0, day, hour, 4, 5, 67).getTime() + 0.891,
      pid: 1,
    });
    expect(printed([at(2, 3), at(2, 11)], {}).split("\n")).toEqual([
      "TIME         PID",
      "03:04:05.067   1",
      "11:04:05.067   1",
    ]);
    expect(printed([at(1, 3), at(2, 11)], {}).split("\n")[1]).toBe("2026-01-01 03:04:05.067   1");
    expect(printed([{ time: 12, pid: 1 }], {}).split("\n")[1]).toBe("  12   1");
  });
});
