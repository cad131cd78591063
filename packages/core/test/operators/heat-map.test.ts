import { type HeatMap, heatMap } from "@rxbpf/core";
import { map, type Observable } from "rxjs";
import { describe, expect, test } from "vitest";

import { marbles } from "./marbles.js";

/** The times and counts of a map's columns. */
const columns = ({ columns }: HeatMap): string =>
  columns.map(({ time, histogram: { counts } }) => `${time}: ${counts.join(" ")}`).join(", ");

const counted = (every?: number) => (source: Observable<string>) =>
  source.pipe(
    heatMap((n) => Number(n), { every }),
    map(columns),
  );

describe("heatMap", () => {
  test("never: a column every second all the same", () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold<string>("-").pipe(counted()), "- 2500ms !").toBe("1s a 999ms b", {
        a: "1000: ",
        b: "1000: , 2000: ",
      });
    }));

  test("empty: nothing", () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold<string>("|").pipe(counted())).toBe("|");
    }));

  test("values: each in the column of its second, and the rest before the end", () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold<string>("14 1s 4-|").pipe(counted())).toBe("1s a 3ms (b|)", {
        a: "1000: 1 0 1",
        b: "1000: 1 0 1, 1004: 0 0 1",
      });
    }));

  test("error: the rest before it", () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold<string>("1#").pipe(counted())).toBe("-(a#)", { a: "1: 1" });
    }));

  test("early unsubscribe: the source is left", () =>
    marbles(({ cold, expectSubscriptions, expectObservable }) => {
      const source = cold<string>("1-");
      expectObservable(source.pipe(counted(10)), "---!").toBe("----");
      expectSubscriptions(source.subscriptions).toBe("^--!");
    }));

  test("values without a bucket are in none, and what `value` throws is the stream's error", () =>
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold<string>("x|").pipe(counted())).toBe("-|");
      const failure = new Error("no value");
      const failing = heatMap<string>(() => {
        throw failure;
      });
      expectObservable(cold<string>("1").pipe(failing)).toBe("#", undefined, failure);
    }));

  test("options that are out of range are refused", () => {
    expect(() => heatMap(() => 1, { every: 0 })).toThrow(RangeError);
  });
});
