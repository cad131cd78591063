import { type Frame, Table } from "@rxbpf/core";
import { offcputime, profile, type Sample } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const frames = (...names: readonly string[]): Frame[] =>
  names.map((name) => ({ name, offset: 16, module: "app", address: "0x1" }));

/** A sample of a thread, with its user stack from the outermost function to the innermost. */
const sample = (count: number, comm: string, user: readonly string[], kernel: readonly string[] = []): Sample => ({
  ...{ time: 0, pid: 1, cgroupId: 1, comm, count },
  userStack: frames(...user.toReversed()),
  kernelStack: frames(...kernel.toReversed()),
});

const START = "_start";

function drawn(rows: readonly Sample[], options = {}, columns?: number): readonly string[] {
  const { tableText } = profile({ flame: true, ...options }).info;
  return tableText!(new Table(0, rows) as Table<never>, columns)
    .split("\n")
    .slice(0, -1);
}

const ROWS = [
  sample(50, "app", [START, "main", "parse"]),
  sample(25, "app", [START, "main", "write"], ["do_write"]),
  sample(24, "cat", [START, "read"]),
  sample(1, "sh", [START]),
];

test("each function has its share, and stands below its caller", () => {
  expect(drawn(ROWS)).toEqual([
    "100.0% ██████████████████████████████ all: 100 samples",
    " 75.0% ███████████████████████         app",
    " 75.0% ███████████████████████         _start",
    " 75.0% ███████████████████████         main",
    " 50.0% ███████████████                  parse",
    " 25.0%                ████████          write",
    " 25.0%                ████████          do_write",
    " 24.0%                        ███████  cat",
    " 24.0%                        ███████  _start",
    " 24.0%                        ███████  read",
    "  1.0%                              █  sh",
    "  1.0%                              █  _start",
  ]);
});

test("functions below one per cent are drawn together, and those of the kernel are marked where asked for", () => {
  const many = Array.from({ length: 150 }, (_, i) => sample(1, "app", [START, "main", `f${i}`], ["sys"]));
  const lines = drawn(many, { annotations: true }, 60);
  expect(lines).toHaveLength(5);
  expect(lines.at(-1)).toBe("100.0% ██████████████████████ ... 150 more, each below 1%");
  expect(drawn(ROWS, { annotations: true }).join("\n")).toContain(" do_write_[k]\n");
});

test("the same functions called by others are apart, and a name can neither forge nor hide a line", () => {
  const lines = drawn([
    sample(1, "a", [START, "f"]),
    sample(1, "b", [START, "f"]),
    sample(1, "\x1b[2J\n", ["x\u202e"]),
  ]);
  expect(lines.filter((line) => line.endsWith(" f"))).toHaveLength(2);
  expect(lines.join("")).toMatch(/^[ -~█]*$/);
  expect(lines.at(-1)).toMatch(/ x\\u202e$/);
});

test("nothing counted is told, and the sum of off-CPU times has its unit", () => {
  expect(drawn([])).toEqual(["nothing was counted"]);
  const { tableText } = offcputime({ flame: true }).info;
  const row = { ...sample(0, "app", [START]), timeNs: 5_000_000 };
  expect(tableText!(new Table(0, [row]) as Table<never>)).toContain("all: 5,000 us\n");
});

test("a flame graph is drawn in place on a terminal, and is not folded lines", () => {
  expect([profile({ flame: true }).info.tableInPlace, profile().info.tableInPlace]).toEqual([true, false]);
  expect(() => profile({ flame: true, folded: true })).toThrow(UsageError);
  expect(() => offcputime({ flame: true, folded: true })).toThrow(UsageError);
});
