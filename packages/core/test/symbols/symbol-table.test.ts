import { expect, test } from "vitest";

import { numbers } from "../../../../testing/programs.js";
import { SymbolTableBuilder } from "../../src/symbols/symbol-table.js";

test.each([1, 2, 3])("lookups find the same as a linear search (%i)", (seed) => {
  const below = numbers(seed);
  const builder = new SymbolTableBuilder();
  const all = Array.from({ length: 5000 }, (_, name) => ({
    start: below(2 ** 20) * 2 ** below(28),
    size: 1 + below(40),
    name,
  }));
  for (const { start, size, name } of all) builder.add(start, size, name);
  const nearest = builder.build();
  for (const { start } of all) {
    const address = start + below(60);
    const covering = all.filter((one) => one.start <= address && address < one.start + one.size);
    const best = Math.max(...covering.map((one) => one.start));
    const names = covering.filter((one) => one.start === best).map(({ name }) => name);
    const found = nearest.find(address);
    expect(found?.start ?? -Infinity).toBe(best);
    expect(found?.names ?? []).toEqual(expect.arrayContaining(names));
  }
});

test("a function without a size ends at the next, and inner functions come before outer ones", () => {
  const builder = new SymbolTableBuilder();
  builder.add(100, 100, 1);
  builder.add(120, 10, 2);
  builder.add(300, 0, 3);
  builder.add(400, 0, 5, 1);
  builder.add(400, 0, 4, 0);
  const table = builder.build();
  const names = [99, 100, 119, 120, 130, 199, 200, 300, 399, 2 ** 40].map((at) => table.find(at)?.names);
  expect(names).toEqual([undefined, [1], [1], [2], [1], [1], undefined, [3], [3], [4, 5]]);
});

test("a function that replaces another is found before it", () => {
  const builder = new SymbolTableBuilder();
  for (const [start, size, name] of [
    [100, 100, 1],
    [50, 80, 2],
    [150, 10, 3],
    [150, 20, 4],
  ] as const)
    builder.add(start, size, name);
  const table = builder.build("latest");
  expect([60, 110, 140, 155, 165, 175].map((at) => table.find(at)?.names)).toEqual([[2], [2], [1], [4], [4], [1]]);
});

test("addresses of more than 48 bits are left out", () => {
  const builder = new SymbolTableBuilder();
  for (const start of [-1, Number.NaN, 2 ** 48, 2 ** 60, Infinity, 2 ** 48 - 1]) builder.add(start, 1, 7);
  expect(builder.build().length).toBe(1);
});
