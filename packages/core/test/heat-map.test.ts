import { HeatMap, Histogram } from "@rxbpf/core";
import { expect, test } from "vitest";

const at = (seconds: number): number => new Date(2026, 0, 2, 12, 0, seconds).getTime();

/** A map with a column a second. */
function mapOf(...columns: readonly (readonly number[])[]): HeatMap {
  return columns.reduce((map, counts, i) => map.with(at(i), new Histogram(counts, "log2", "us")), new HeatMap());
}

const THREE = mapOf([0, 1, 100], [], [0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

test("a column for each interval, a row for each bucket, the more values the darker, and what that means", () => {
  expect(THREE.toString().split("\n")).toEqual([
    "  16.4ms │  ·",
    ...["8.19", " 4.1", "2.05", "1.02"].map((size) => `  ${size}ms │`),
    ..." 512  256  128   64   32   16    8".split(/(?<=\d)(?= )/).map((size) => `${size.trim().padStart(6)}us │`),
    "     4us │█ ░",
    "     2us │·",
    "         └───",
    "          12:00:02",
    "· 1  ░ 3  ▒ 7  ▓ 16  █ 40 or more in a cell; a column is 1s",
  ]);
});

test("the last intervals that have room, with the times of the first and the last of them", () => {
  const long = mapOf(...Array.from({ length: 700 }, (_, i) => [0, i + 1]));
  const lines = long.picture(40).split("\n");
  expect(lines[0]).toMatch(/^ {5}2us │[░▒▓█]{30}$/);
  expect(lines[2]).toBe(`          12:11:10${"12:11:39".padStart(22)}`);
  expect(lines.slice(0, 3).every((line) => line.length <= 40)).toBe(true);
  expect(long.picture(40, { last: 3 })).toContain("└───\n");
  expect([long.columns.length, long.count]).toEqual([500, 700]);
});

test("buckets share a row where there is no room for all", () => {
  const lines = THREE.picture(80, { lines: 8 }).split("\n");
  expect(lines).toEqual([
    "  8.19ms │  ·",
    "  1.02ms │",
    "   128us │",
    "    16us │",
    "     2us │█ ░",
    "         └───",
    "          12:00:02",
    expect.stringContaining("a column is 1s"),
  ]);
});

test("no more lines than can be looked at, however many buckets a recording has", () => {
  const lines = mapOf([1, ...Array.from({ length: 100_000 }, () => 0), 1])
    .picture()
    .split("\n");
  expect(lines.length).toBeLessThanOrEqual(200);
  expect(lines.filter((line) => line.includes("█"))).toHaveLength(3);
});

test("as many shades as there are different counts, also without values", () => {
  expect(mapOf([2, 1]).picture()).toMatch(/ 2us │·\n +0us │█\n.*\n.*\n· 1 {2}█ 2 or more in a cell$/);
  expect(mapOf([1]).picture()).toMatch(/ 0us │█\n.*\n.*\n█ 1 or more in a cell$/);
  expect(mapOf([], []).picture()).toMatch(/^no values\n/);
  expect(new HeatMap().picture()).toBe("");
});

test("colours only where asked for, and the same without them", () => {
  const plain = THREE.picture();
  const coloured = THREE.picture(80, { colors: true });
  expect(plain).not.toContain("\x1b");
  expect(coloured).toContain("\x1b[31m█\x1b[39m");
  // oxlint-disable-next-line no-control-regex
  expect(coloured.replace(/\x1b\[\d+m/g, "")).toBe(plain);
});
