import { orderByTime } from "@rxbpf/core";
import { from, type Observable, of, Subject, toArray } from "rxjs";
import { expect, expectTypeOf, test } from "vitest";

import { marbles } from "./marbles.js";

interface Timed {
  readonly time: number;
  readonly name?: string;
}

const events = { a: { time: 1 }, b: { time: 2 }, c: { time: 3 }, d: { time: 4 } };

test("events are emitted in the order of their time, each at most the given time after it came", () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold("-b-a 20ms d-c 50ms |", events);
    // b is due at 11 ms, and a with it; d at 34, and c with it.
    expectObservable(source.pipe(orderByTime(10))).toBe("11ms (ab) 19ms (cd) 39ms |", events);
    expectSubscriptions(source.subscriptions).toBe("^ 76ms !");
  });
});

test("a due event does not wait for later ones that came with it", () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold("a--d 20ms |", events).pipe(orderByTime(10))).toBe("10ms a--d 10ms |", events);
  });
});

test("events that come at the same moment are due together", () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold("(bac) 20ms |", events).pipe(orderByTime(10))).toBe("10ms (abc) 10ms |", events);
  });
});

test("an event that comes after later ones were emitted is emitted at once", () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold("c 14ms b 14ms |", events).pipe(orderByTime(10))).toBe("10ms c 4ms b 14ms |", events);
  });
});

test("held events are emitted in order at the end and before an error", () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold("bda|", events).pipe(orderByTime(10))).toBe("---(abd|)", events);
    expectObservable(cold("bda#", events).pipe(orderByTime(10))).toBe("---(abd#)", events);
  });
});

test("nothing is left when it is unsubscribed", () => {
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot("-b-a", events);
    expectObservable(source.pipe(orderByTime(10)), "^----!").toBe("");
    expectSubscriptions(source.subscriptions).toBe("^----!");
  });
});

test("events of the same time keep the order in which they came", () => {
  const same = ["x", "y", "z"].map((name) => ({ time: 5, name }));
  expect(all([...same, { time: 4 }])).toEqual([{ time: 4 }, ...same]);
});

test("an event without a time is emitted at once, and the others stay in order", () => {
  const none = { time: NaN };
  expect(all([events.c, none, events.a, events.b])).toEqual([none, events.a, events.b, events.c]);
});

test("no more than 65,536 are held: the earliest are emitted before they are due, and none is lost", () => {
  const source = new Subject<Timed>();
  const seen: number[] = [];
  source.pipe(orderByTime(1_000_000)).subscribe(({ time }) => seen.push(time));
  for (let time = 0; time < 65_536; time++) source.next({ time });
  expect(seen).toEqual([]);
  for (let time = 65_536; time < 100_000; time++) source.next({ time });
  expect(seen.length).toBeGreaterThanOrEqual(100_000 - 65_536);
  source.complete();
  expect(seen).toEqual([...Array(100_000).keys()]);
});

test("many events that are far out of order are put in order", () => {
  const shuffled = Array.from({ length: 50_000 }, (_, i) => ({ time: (i * 7919) % 50_000 }));
  expect(all(shuffled).map(({ time }) => time)).toEqual([...Array(50_000).keys()]);
});

test("0 milliseconds hold nothing", () => {
  expect(all([events.b, events.a], 0)).toEqual([events.b, events.a]);
});

test("the time can be given by a function, and what that throws is the stream's error", () => {
  const seen: unknown[] = [];
  of("ccc", "a", "bb")
    .pipe(orderByTime(10, { time: (word) => word.length }))
    .subscribe((word) => seen.push(word));
  expect(seen).toEqual(["a", "bb", "ccc"]);
  const time = (): number => {
    throw new Error("no time");
  };
  of("a")
    .pipe(orderByTime(10, { time }))
    .subscribe({ error: (error: Error) => seen.push(error.message) });
  expect(seen.at(-1)).toBe("no time");
});

test("types stay what they are, and events without a time need one", () => {
  expectTypeOf(new Subject<Timed>().pipe(orderByTime(5))).toEqualTypeOf<Observable<Timed>>();
  expectTypeOf(of("a").pipe(orderByTime(5, { time: (word) => word.length }))).toEqualTypeOf<Observable<string>>();
  // @ts-expect-error a text has no time
  void (() => of("a").pipe(orderByTime(5)));
  expect(() => orderByTime(-1)).toThrow(RangeError);
});

/** The result for events that come at once. */
function all(given: readonly Timed[], ms: number = 10): readonly Timed[] {
  let seen: readonly Timed[] = [];
  from(given)
    .pipe(orderByTime(ms), toArray())
    .subscribe((these) => (seen = these));
  return seen;
}
