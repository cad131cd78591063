import { Histogram, histogram } from "@rxbpf/core";
import { EMPTY, from, type Observable, Subject, VirtualTimeScheduler } from "rxjs";
import { expect, expectTypeOf, test } from "vitest";

import { marbles } from "./marbles.js";

/** The histogram for values that come at once. */
function of(...values: readonly (number | bigint | undefined)[]): Histogram {
  let last: Histogram | undefined;
  from(values)
    .pipe(histogram((value) => value))
    .subscribe((one) => (last = one));
  return last!;
}

/** Counts of buckets by the first whole number in each. */
const counts = (one: Histogram): Record<string, number> =>
  Object.fromEntries(one.buckets.filter(({ count }) => count > 0).map(({ from: first, count }) => [first, count]));

test("values are counted between powers of two", () => {
  expect(of(0, 1, 1.9, 2, 3, 3.99, 4, 7, 8, 1024, 1023).buckets).toEqual([
    { from: 0, to: 2, count: 3 },
    { from: 2, to: 4, count: 3 },
    { from: 4, to: 8, count: 2 },
    { from: 8, to: 16, count: 1 },
    { from: 16, to: 32, count: 0 },
    { from: 32, to: 64, count: 0 },
    { from: 64, to: 128, count: 0 },
    { from: 128, to: 256, count: 0 },
    { from: 256, to: 512, count: 0 },
    { from: 512, to: 1024, count: 1 },
    { from: 1024, to: 2048, count: 1 },
  ]);
});

test("every power of two begins a bucket, and one less is in the bucket before", () => {
  for (let i = 1; i < 64; i++) {
    const power = 1n << BigInt(i);
    const expected = { [i === 1 ? 0 : 2 ** (i - 1)]: 1, [2 ** i]: 1 };
    expect(counts(of(power - 1n, power))).toEqual(expected);
    if (i < 53) expect(counts(of(Number(power) - 1, Number(power)))).toEqual(expected);
  }
  expect(counts(of(2n ** 64n - 1n, Number.MAX_VALUE))).toEqual({ [2 ** 63]: 1, [2 ** 1023]: 1 });
});

test("it has count, least, greatest, sum and mean", () => {
  expect(of(30, 10n, 20)).toMatchObject({ count: 3, min: 10, max: 30, sum: 60, mean: 20, negative: 0, invalid: 0 });
});

test("negative values, and values that are no finite number, are counted apart", () => {
  const one = of(-1, -5n, NaN, Infinity, -Infinity, undefined, 5);
  expect(one).toMatchObject({ count: 1, min: 5, max: 5, sum: 5, negative: 2, invalid: 4 });
  expect(one.toString().split("\n").at(-1)).toBe("count 1, min 5, max 5, mean 5, 2 negative, 4 not a number");
});

test("without values there are no buckets, and no least, greatest or mean", () => {
  let last: Histogram | undefined;
  EMPTY.pipe(histogram(() => 0)).subscribe((one) => (last = one));
  expect(last).toMatchObject({ count: 0, min: undefined, max: undefined, mean: undefined, sum: 0, buckets: [] });
  expect(String(last)).toBe("count 0");
});

test("its picture has a line for each bucket, and the longest bar is 40 wide", () => {
  expect(String(of(...Array<number>(80).fill(5), ...Array<number>(20).fill(8), 40))).toBe(
    [
      "     value               : count     distribution",
      "         0 -> 1          : 0        |                                        |",
      "         2 -> 3          : 0        |                                        |",
      "         4 -> 7          : 80       |****************************************|",
      "         8 -> 15         : 20       |**********                              |",
      "        16 -> 31         : 0        |                                        |",
      "        32 -> 63         : 1        |                                        |",
      "count 101, min 5, max 40, mean 5.94059",
    ].join("\n"),
  );
});

test("the ranges of 64-bit values are exact, those beyond are rounded", () => {
  const picture = String(of(2n ** 63n, 2n ** 70n));
  expect(picture).toContain("9223372036854775808 -> 18446744073709551615 : 1");
  expect(picture).toContain("1.18e+21 -> 2.36e+21");
});

test("as JSON it is its fields", () => {
  expect(JSON.parse(JSON.stringify(of(2)))).toEqual({
    count: 1,
    min: 2,
    max: 2,
    mean: 2,
    sum: 2,
    negative: 0,
    invalid: 0,
    buckets: [{ from: 2, to: 4, count: 1 }],
  });
});

test("one comes every second in which values came, and each is a separate object", () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold("a 1500ms b 1500ms |", { a: 5, b: 6 });
    const seen = (fields: object) => expect.objectContaining(fields) as Histogram;
    expectObservable(source.pipe(histogram((value) => value))).toBe("1s x 999ms y 1001ms |", {
      x: seen({ count: 1, sum: 5 }),
      y: seen({ count: 2, sum: 11 }),
    });
    expectSubscriptions(source.subscriptions).toBe("^ 3001ms !");
    expectObservable(
      cold("a 1500ms b 1500ms |", { a: 5, b: 6 }).pipe(
        histogram((value) => value, { perInterval: true, every: 2_000 }),
      ),
    ).toBe("2s x 1001ms |", { x: seen({ count: 2, sum: 11 }) });
  });
});

test("an error comes after what was counted, and nothing is left when it is unsubscribed", () => {
  marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const last = expect.objectContaining({ count: 1 }) as Histogram;
    expectObservable(cold("a 10ms #", { a: 1 }).pipe(histogram((value) => value))).toBe("11ms (x#)", { x: last });
    const source = hot("-a-", { a: 1 });
    expectObservable(source.pipe(histogram((value) => value)), "^ 100ms !").toBe("");
    expectSubscriptions(source.subscriptions).toBe("^ 100ms !");
  });
});

test("types are inferred from the events", () => {
  const events = new Subject<{ readonly latencyNs?: bigint; readonly ageMs: number; readonly comm: string }>();
  expectTypeOf(events.pipe(histogram((e) => e.latencyNs))).toEqualTypeOf<Observable<Histogram>>();
  expectTypeOf(events.pipe(histogram((e) => e.ageMs))).toEqualTypeOf<Observable<Histogram>>();
  // @ts-expect-error a name is no value
  void (() => events.pipe(histogram((e) => e.comm)));
});

test("with a window it covers the values of the last milliseconds", () => {
  const seen: unknown[] = [];
  const source = new Subject<number | undefined>();
  const scheduler = new VirtualTimeScheduler();
  source.pipe(histogram((n) => n, { window: 2000, scheduler })).subscribe({
    next: (one) => seen.push([scheduler.now(), counts(one), one.min, one.max, one.invalid]),
    complete: () => seen.push("end"),
  });
  for (const [value, time] of [
    [5, 100],
    [900, 200],
    [undefined, 1100],
    [40, 2100],
  ] as const)
    scheduler.schedule(() => source.next(value), time);
  scheduler.schedule(() => source.complete(), 6000.5);
  scheduler.flush();
  expect(seen).toEqual([
    [1000, { 4: 1, 512: 1 }, 5, 900, 0],
    [2000, { 4: 1, 512: 1 }, 5, 900, 1],
    [3000, { 32: 1 }, 40, 40, 1],
    [4000, { 32: 1 }, 40, 40, 0],
    [5000, {}, undefined, undefined, 0],
    "end",
  ]);
});
