import { type Count, countBy, type CountOptions, type Key, OTHER_KEYS, Table, top } from "@rxbpf/core";
import { originOf } from "@rxbpf/core/events";
import { EMPTY, map, NEVER, type Observable, of, range, Subject, toArray, VirtualTimeScheduler } from "rxjs";
import { describe, expect, expectTypeOf, test } from "vitest";

import { numbers } from "../../../../testing/programs.js";
import { streamOf } from "../streams.js";
import { marbles } from "./marbles.js";

/**
 * A table with these rows of key and count, taken at any time; the last row may be that of the keys beyond the limit.
 */
const table = (
  ...rows: readonly (
    | readonly [unknown, number]
    | { readonly count: number; readonly key?: unknown; readonly others?: boolean }
  )[]
) =>
  expect.objectContaining({
    rows: rows.map((row) => ("count" in row ? row : { key: row[0], count: row[1] })),
  }) as Table<never>;

/** The tables for events that come at once. */
function tablesOf<T, K extends Key>(
  events: Observable<T>,
  key: (event: T) => K,
  options?: CountOptions,
): Table<Count<K>>[] {
  let tables: Table<Count<K>>[] = [];
  events.pipe(countBy(key, options), toArray()).subscribe((all) => (tables = all));
  return tables;
}

const itself = <T>(value: T): T => value;

test("a table comes every second in which counts change, and the rest at the end", () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold("a 300ms b 2000ms a 100ms |");
    expectObservable(source.pipe(countBy(itself))).toBe("1000ms x 1402ms (y|)", {
      x: table(["a", 1], ["b", 1]),
      y: table(["a", 2], ["b", 1]),
    });
    expectSubscriptions(source.subscriptions).toBe("^ 2402ms !");
  });
});

test("events without a key are counted together", () => {
  const [{ rows } = new Table<Count<string | undefined>>(0, [])] = tablesOf(
    of("web", undefined, "", undefined),
    itself,
  );
  expect(rows).toEqual([
    { key: undefined, count: 2 },
    { key: "web", count: 1 },
    { key: "", count: 1 },
  ]);
});

test("a table that was emitted already does not come again at the end", () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold("a 5s |").pipe(countBy(itself))).toBe("1s x 4000ms |", { x: table(["a", 1]) });
  });
});

test("a source without events has one table, without rows", () => {
  expect(tablesOf(EMPTY, itself<string>)).toEqual([table()]);
});

test("per interval, counts start anew, and one empty table follows", () => {
  marbles(({ cold, expectObservable }) => {
    const source = cold("a 300ms a 2500ms b 500ms |");
    expectObservable(source.pipe(countBy(itself, { perInterval: true, every: 500 }))).toBe(
      "500ms x 499ms e 1999ms y 302ms |",
      { x: table(["a", 2]), e: table(), y: table(["b", 1]) },
    );
  });
});

describe("with a window", () => {
  test("counts cover the last milliseconds of the window, and tables come until one is empty", () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold("a 500ms (bb) 996ms a 10s |");
      expectObservable(source.pipe(countBy(itself, { window: 3000 }))).toBe("1s x 999ms y 1999ms z 999ms e 6501ms |", {
        x: table(["b", 2], ["a", 1]),
        y: table(["a", 2], ["b", 2]),
        z: table(["a", 1]),
        e: table(),
      });
    });
  });

  test("the last table has what is still in the window", () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold("a 2500ms (b|)").pipe(countBy(itself, { window: 2000 }))).toBe("1s x 1500ms (y|)", {
        x: table(["a", 1]),
        y: table(["b", 1]),
      });
    });
  });

  test("keys beyond the limit are forgotten too, and make room for others", () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold("(abb) 1495ms b 3s |");
      expectObservable(source.pipe(countBy(itself, { window: 1000, limit: 1 }))).toBe("1s x 999ms y 999ms e 1500ms |", {
        x: table(["a", 1], { key: OTHER_KEYS, count: 2, others: true }),
        y: table(["b", 1]),
        e: table(),
      });
    });
  });

  test("a window of one interval is the interval", () => {
    const tables = (options: CountOptions): unknown[] => {
      const seen: unknown[] = [];
      marbles(({ cold }) => {
        cold("a 300ms a 2500ms b 500ms |")
          .pipe(countBy(itself, options))
          .subscribe((rows) => seen.push(rows));
      });
      return seen;
    };
    expect(tables({ window: 500, every: 500 })).toEqual(tables({ perInterval: true, every: 500 }));
  });

  test("counts are right for random events", () => {
    const scheduler = new VirtualTimeScheduler();
    const source = new Subject<number>();
    const came: [time: number, key: number][] = [];
    const random = numbers(7);
    let tables = 0;
    source.pipe(countBy(itself, { window: 1000, every: 100, scheduler })).subscribe((rows) => {
      tables++;
      const now = scheduler.now();
      const inWindow = came.filter(([time]) => time > now - 1000).map(([, key]) => key);
      const expected = new Map<number, number>();
      for (const key of inWindow) expected.set(key, (expected.get(key) ?? 0) + 1);
      expect(new Map(rows.map(({ key, count }) => [key, count]))).toEqual(expected);
    });
    for (let i = 0; i < 2000; i++)
      scheduler.schedule(
        () => {
          const key = random(20);
          came.push([scheduler.now(), key]);
          source.next(key);
        },
        random(10_000) + 0.5,
      );
    scheduler.schedule(() => source.complete(), 12_000);
    scheduler.flush();
    expect(tables).toBeGreaterThan(100);
  });

  test("an invalid window is refused", () => {
    expect(() => countBy(itself<string>, { window: 1500 })).toThrow(
      "window takes a multiple of every, which is 1000, not 1500",
    );
    expect(() => countBy(itself<string>, { window: 0 })).toThrow(
      "window takes a whole number from 1 to 10000000, not 0",
    );
    expect(() => top(1, itself<string>, { window: 1000, perInterval: true })).toThrow(
      "Cannot use window and perInterval together; give one of them",
    );
  });
});

test("a hot source is counted from the subscription on, and nothing is left when it is unsubscribed", () => {
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot("aa^a 1500ms b");
    expectObservable(source.pipe(countBy(itself)), "^ 1200ms !").toBe("1s x", { x: table(["a", 1]) });
    expectSubscriptions(source.subscriptions).toBe("^ 1200ms !");
  });
});

test("an error comes after the counts before it", () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold("a 10ms #").pipe(countBy(itself))).toBe("11ms (x#)", { x: table(["a", 1]) });
  });
});

test("an error of the key is the stream's error, and ends the source", () => {
  const source = new Subject<string | undefined>();
  const seen: unknown[] = [];
  source.pipe(countBy((event) => event!.length)).subscribe({ next: (e) => seen.push(e), error: (e) => seen.push(e) });
  source.next("ab");
  source.next(undefined);
  expect(seen).toEqual([table([2, 1]), expect.any(TypeError)]);
  expect(source.observed).toBe(false);
});

test("each subscription counts for itself", () => {
  const counted = of("a").pipe(countBy(itself));
  const tables: unknown[] = [];
  for (let i = 0; i < 2; i++) counted.subscribe((rows) => tables.push(rows));
  expect(tables).toEqual([table(["a", 1]), table(["a", 1])]);
});

test("rows come by count, and among equals the key that came first", () => {
  expect(tablesOf(of("c", "a", "b", "b", "d"), itself)).toEqual([table(["b", 2], ["c", 1], ["a", 1], ["d", 1])]);
});

test("keys of different types are different keys", () => {
  const keys = [1, "1", 1n, true, "true", 1];
  expect(tablesOf(of(...keys), itself)).toEqual([table([1, 2], ["1", 1], [1n, 1], [true, 1], ["true", 1])]);
});

describe("keys beyond the limit", () => {
  const others = (count: number) => ({ key: OTHER_KEYS, count, others: true });

  test("are counted together in the last row, and known keys go on", () => {
    expect(tablesOf(of("a", "b", "c", "d", "c", "b", "b"), itself, { limit: 2 })).toEqual([
      table(["b", 3], ["a", 1], others(3)),
    ]);
  });

  test("begin after 65,536 if no limit is given", () => {
    const [rows] = tablesOf(range(0, 70_000), itself);
    expect(rows).toHaveLength(65_537);
    expect(rows!.rows.at(-1)).toEqual(others(70_000 - 65_536));
  });

  test("cannot be forged by a key that looks like their row", () => {
    expect(tablesOf(of(OTHER_KEYS, "b"), itself, { limit: 1 })).toEqual([table([OTHER_KEYS, 1], others(1))]);
  });
});

test("top() emits the rows with most, and that of the keys beyond the limit after them", () => {
  const keys = of("a", "b", "b", "c", "c", "c", "d");
  const tables: unknown[] = [];
  keys.pipe(top(2, itself)).subscribe((rows) => tables.push(rows));
  keys.pipe(top(1, itself, { limit: 3 })).subscribe((rows) => tables.push(rows));
  expect(tables).toEqual([table(["c", 3], ["b", 2]), table(["c", 3], { key: OTHER_KEYS, count: 1, others: true })]);
});

test("a scheduler can be given", () => {
  const scheduler = new VirtualTimeScheduler(undefined, 2_500);
  const tables: unknown[] = [];
  const source = new Subject<string>();
  const subscription = source.pipe(countBy(itself, { scheduler })).subscribe((rows) => tables.push(rows));
  source.next("a");
  scheduler.flush();
  expect(tables).toEqual([table(["a", 1])]);
  subscription.unsubscribe();
});

test("options that are out of range are refused at once", () => {
  for (const every of [0, -1, 1.5, NaN, Infinity, 2 ** 31])
    expect(() => countBy(String, { every })).toThrow(RangeError);
  for (const limit of [0, 0.5, NaN, 2 ** 24]) expect(() => countBy(String, { limit })).toThrow(RangeError);
  for (const n of [0, 2.5, NaN]) expect(() => top(n, String)).toThrow("n takes a whole number from 1");
});

test("the stream that a pipe began with is found behind it", () => {
  const stream = streamOf(() => ({ stop() {}, close() {}, hold() {}, release() {} }));
  expect(originOf(stream.pipe(countBy(String)))).toBe(stream);
});

test("types are inferred from the key", () => {
  const events = NEVER as Observable<{ readonly comm: string; readonly ret: number; readonly size: bigint }>;
  expectTypeOf(events.pipe(countBy((e) => e.comm))).toEqualTypeOf<Observable<Table<Count<string>>>>();
  expectTypeOf(events.pipe(top(10, (e) => e.ret))).toEqualTypeOf<Observable<Table<Count<number>>>>();
  expectTypeOf(events.pipe(countBy((e) => e.size))).toEqualTypeOf<Observable<Table<Count<bigint>>>>();
  expectTypeOf(
    events.pipe(
      countBy((e) => (e.ret < 0 ? "failed" : "done")),
      map(({ rows }) => rows.map(({ key }) => key)),
    ),
  ).toEqualTypeOf<Observable<("failed" | "done" | typeof OTHER_KEYS)[]>>();
  // @ts-expect-error an event is no key
  void (() => events.pipe(countBy((e) => e)));
  // @ts-expect-error there is no such field
  void (() => events.pipe(countBy((e) => e.name)));
});
