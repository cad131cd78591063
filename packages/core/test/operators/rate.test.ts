import { rate } from "@rxbpf/core";
import { type Observable, type SchedulerLike, Subject, VirtualTimeScheduler } from "rxjs";
import { expect, expectTypeOf, test } from "vitest";

import { marbles } from "./marbles.js";

test("a number comes after every interval, 0 if nothing came, until the source ends", () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold("aaa 2500ms a 100ms |");
    expectObservable(source.pipe(rate())).toBe("1s x 999ms y 603ms |", { x: 3, y: 0 });
    expectSubscriptions(source.subscriptions).toBe("^ 2603ms !");
  });
});

test("it is events per second, whatever the interval", () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold("aaaaa 300ms |").pipe(rate({ every: 250 }))).toBe("250ms x 54ms |", { x: 20 });
    expectObservable(cold("aaaaa 4s |").pipe(rate({ every: 2_000 }))).toBe("2s x 1999ms y 4ms |", { x: 2.5, y: 0 });
  });
});

test("with a window a number covers the last milliseconds", () => {
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold("(aaaaaa) 5s |").pipe(rate({ window: 3000 }))).toBe(
      "1s x 999ms y 999ms z 999ms e 999ms e 7ms |",
      {
        x: 6,
        y: 3,
        z: 2,
        e: 0,
      },
    );
  });
  expect(() => rate({ window: 1500 })).toThrow("window takes a multiple of every, which is 1000, not 1500");
});

test("an error is passed on, and nothing is left when it is unsubscribed", () => {
  marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    expectObservable(cold("a 10ms #").pipe(rate())).toBe("11ms #");
    const source = hot("-a-");
    expectObservable(source.pipe(rate({ every: 100 })), "^ 150ms !").toBe("100ms x", { x: 10 });
    expectSubscriptions(source.subscriptions).toBe("^ 150ms !");
  });
});

/** A scheduler whose timers fire on time, while its clock runs ahead by a share. */
function lateBy(share: number): { scheduler: SchedulerLike; flush: () => void } {
  const virtual = new VirtualTimeScheduler(undefined, 1_000);
  const scheduler: SchedulerLike = {
    now: () => virtual.now() * (1 + share),
    schedule: virtual.schedule.bind(virtual),
  };
  return { scheduler, flush: () => virtual.flush() };
}

test("an interval counts with its real length, except for the usual lateness of a timer", () => {
  for (const [share, expected] of [
    [0.02, 30],
    [0.5, 20],
  ] as const) {
    const { scheduler, flush } = lateBy(share);
    const source = new Subject<number>();
    const rates: number[] = [];
    const subscription = source.pipe(rate({ scheduler })).subscribe((one) => rates.push(one));
    for (let i = 0; i < 30; i++) source.next(i);
    flush();
    expect(rates).toEqual([expected]);
    subscription.unsubscribe();
  }
});

test("an interval that is out of range is refused at once", () => {
  expect(() => rate({ every: 0 })).toThrow("every takes a whole number from 1 to 2147483647, not 0");
});

test("its numbers are numbers", () => {
  expectTypeOf(new Subject<string>().pipe(rate())).toEqualTypeOf<Observable<number>>();
});
