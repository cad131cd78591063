import { expect, test } from "vitest";

import { Shares } from "../src/tcpconnect/shares.js";

test("what was set last is found, by owner and key, until it is deleted", () => {
  const shares = new Shares<number>(10);
  shares.set("a", "x", 1);
  shares.set("a", "x", 2);
  shares.set("b", "x", 3);
  expect([shares.get("a", "x"), shares.get("b", "x"), shares.get("a", "y"), shares.get("c", "x")]).toEqual([
    2,
    3,
    undefined,
    undefined,
  ]);
  shares.delete("a", "x");
  shares.delete("a", "x");
  expect(shares.get("a", "x")).toBeUndefined();
});

test("who sets more than there is room for forgets the oldest of his own, and nobody else's", () => {
  const shares = new Shares<number>(100);
  for (let i = 0; i < 30; i++) shares.set("few", `${i}`, i);
  for (let i = 0; i < 1000; i++) shares.set("many", `${i}`, i);
  const kept = (owner: string, count: number) =>
    [...Array(count).keys()].filter((i) => shares.get(owner, `${i}`) !== undefined);
  expect(kept("few", 30)).toHaveLength(30);
  expect(kept("many", 1000)).toEqual([...Array(70).keys()].map((i) => 930 + i));
});

test("many owners get equal shares", () => {
  const shares = new Shares<number>(100);
  for (let i = 0; i < 100; i++) shares.set("first", `${i}`, i);
  for (let owner = 0; owner < 9; owner++) for (let i = 0; i < 50; i++) shares.set(`${owner}`, `${i}`, i);
  const first = [...Array(100).keys()].filter((i) => shares.get("first", `${i}`) !== undefined);
  expect(first).toEqual([...Array(10).keys()].map((i) => 90 + i));
});
