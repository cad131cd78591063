import { Histogram, Table } from "@rxbpf/core";
import { biolatency, cpudist, runqlat } from "@rxbpf/probes";
import { expect, test } from "vitest";

test.each([
  ["runqlat", runqlat, "latency"],
  ["biolatency", biolatency, "latency"],
  ["cpudist", cpudist, "duration"],
] as const)("%s draws a heat map where asked: each table is a column, the sum of its histograms", (_, probe, field) => {
  const { tableHeatMap, tableInPlace } = probe({ heatmap: true }).info;
  const add = tableHeatMap!();
  const histograms = [
    [0, 1],
    [2, 0, 3],
  ].map((counts) => new Histogram(counts, "log2", "us"));
  const table = (time: number, rows: readonly Histogram[]): Table<never> =>
    new Table(
      time,
      rows.map((one) => ({ [field]: one })),
    ) as Table<never>;
  add(table(1, histograms));
  const map = add(table(2, []));
  expect(map.columns.map(({ time, histogram }) => [time, histogram.counts])).toEqual([
    [1, [2, 1, 3]],
    [2, []],
  ]);
  expect(map.picture()).toContain("4us │");
  expect(tableInPlace).toBe(true);
  // Another subscriber gets a map of its own.
  expect(tableHeatMap!()(table(3, [])).count).toBe(1);
  expect([probe().info.tableHeatMap, probe().info.tableInPlace]).toEqual([undefined, false]);
});
