import { setImmediate } from "node:timers/promises";

import { iterate, type Lost, type Status, statuses } from "@rxbpf/core";
import { type Consumer, consumers } from "@rxbpf/core/events";
import { filter, map, merge, NEVER, of, share, Subject, throwError } from "rxjs";
import { expect, expectTypeOf, test } from "vitest";

import { driven } from "./streams.js";

/** Takes all events that a loop gets; `body` runs for each. */
async function take<E>(events: AsyncIterable<E>, body: (event: E) => unknown = () => {}): Promise<E[]> {
  const taken: E[] = [];
  for await (const event of events) {
    taken.push(event);
    await body(event);
  }
  return taken;
}

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

test("a stream can stand in a loop: it starts with the loop, and its end ends it", async () => {
  const { stream, runs } = driven();
  const iterator = stream[Symbol.asyncIterator]();
  expect(runs).toHaveLength(0);
  const first = iterator.next();
  expect(runs).toHaveLength(1);
  runs[0]!.give(1, 2);
  runs[0]!.give(3);
  runs[0]!.complete();
  expect(await first).toEqual({ value: 1, done: false });
  const rest: number[] = [];
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) rest.push(next.value);
  expect(rest).toEqual([2, 3]);
  expect(await iterator.next()).toEqual({ value: undefined, done: true });
  expect(runs[0]!.calls).toEqual(["close"]);
  expectTypeOf(iterator.next()).resolves.toEqualTypeOf<IteratorResult<number, undefined>>();
});

test("each loop has a source of its own", async () => {
  const { stream, runs } = driven();
  const loops = [take(stream), take(iterate(stream.pipe(map(String))))];
  expect(runs).toHaveLength(2);
  for (const [i, run] of runs.entries()) {
    run.give(i);
    run.complete();
  }
  expect(await Promise.all(loops)).toEqual([[0], ["1"]]);
});

test("events that come during the subscription are taken, and an observable can be iterated again", async () => {
  const events = iterate(of(1, 2, 3));
  expect(await take(events)).toEqual([1, 2, 3]);
  expect(await take(events)).toEqual([1, 2, 3]);
});

test("leaving the loop in any way ends the source at once", async () => {
  const leave: Record<string, (stream: AsyncIterable<number>) => Promise<unknown>> = {
    async break(stream) {
      for await (const event of stream) if (event === 2) break;
    },
    async return(stream) {
      for await (const event of stream) if (event === 2) return event;
    },
    async throw(stream) {
      for await (const event of stream) if (event === 2) throw new Error("thrown");
    },
  };
  for (const [how, loop] of Object.entries(leave)) {
    const { stream, runs } = driven();
    const left = loop(stream).catch((error: Error) => error.message);
    runs[0]!.give(1, 2, 3);
    expect(await left).toBe({ return: 2, throw: "thrown" }[how]);
    expect(runs[0]!.calls).toEqual(["close"]);
  }
});

test("an error is thrown in the loop after the events before it, once", async () => {
  const { stream, runs } = driven();
  const iterator = stream[Symbol.asyncIterator]();
  const first = iterator.next();
  runs[0]!.give(1, 2);
  runs[0]!.error(new Error("broken"));
  expect([await first, await iterator.next()]).toMatchObject([{ value: 1 }, { value: 2 }]);
  await expect(iterator.next()).rejects.toThrow("broken");
  expect(await iterator.next()).toMatchObject({ done: true });
  await expect(take(iterate(throwError(() => new Error("no start"))))).rejects.toThrow("no start");
});

test("a pending request ends when the iterator is returned, and nothing starts after that", async () => {
  const { stream, runs } = driven();
  const iterator = stream[Symbol.asyncIterator]();
  const waiting = [iterator.next(), iterator.next()];
  await iterator.return!();
  expect(await Promise.all(waiting)).toMatchObject([{ done: true }, { done: true }]);
  const unbegun = stream[Symbol.asyncIterator]();
  await unbegun.return!();
  expect(await unbegun.next()).toMatchObject({ done: true });
  expect(runs.map(({ calls }) => calls)).toEqual([["close"]]);
});

test("the stream is held while half of the limit waits, and nothing is lost", async () => {
  const { stream, runs } = driven();
  const events = stream.pipe(filter((number) => number >= 0));
  const iterator = iterate(events, { limit: 8 })[Symbol.asyncIterator]();
  const first = iterator.next();
  runs[0]!.give(...numbers(0, 4));
  expect(runs[0]!.calls).toEqual([]);
  runs[0]!.give(...numbers(4, 4));
  expect(runs[0]!.calls).toEqual(["hold"]);
  const taken = [await first];
  for (let i = 0; i < 5; i++) taken.push(await iterator.next());
  expect(runs[0]!.calls).toEqual(["hold", "release"]);
  runs[0]!.complete();
  for (let i = 0; i < 2; i++) taken.push(await iterator.next());
  expect(taken.map(({ value }) => value)).toEqual(numbers(0, 8));
  expect(await iterator.next()).toMatchObject({ done: true });
});

test("a loop that is left, or whose stream ends, no longer holds anything, and never another subscription", async () => {
  for (const end of ["return", "complete"] as const) {
    const { stream, runs } = driven();
    const shared = stream.pipe(share());
    const other = shared.subscribe();
    const apart = iterate(stream)[Symbol.asyncIterator]();
    void apart.next();
    const iterator = iterate(shared, { limit: 4 })[Symbol.asyncIterator]();
    const first = iterator.next();
    runs[0]!.give(1, 2, 3, 4);
    await first;
    expect(runs[0]!.calls).toEqual(["hold"]);
    if (end === "return") await iterator.return!();
    else runs[0]!.complete();
    expect(runs[0]!.calls.slice(0, 2)).toEqual(["hold", "release"]);
    expect(runs[1]!.calls).toEqual([]);
    other.unsubscribe();
    await apart.return!();
  }
});

test("a loop is a consumer until no event waits for it, and can be ended as if its source had ended", async () => {
  const { stream, runs } = driven();
  const others = consumers();
  const own = (): Consumer[] => consumers().filter((one) => !others.includes(one));
  const left: number[] = [];
  const ended = take(iterate(merge(stream, NEVER)), (event) => {
    left.push(own().length);
    if (event === 2) for (const one of own()) one.end();
  });
  runs[0]!.give(1, 2, 3, 4);
  expect(await ended).toEqual([1, 2, 3, 4]);
  expect(left).toEqual([1, 1, 1, 0]);

  const iterator = stream[Symbol.asyncIterator]();
  void iterator.next();
  runs[1]!.give(5, 6);
  expect(own()).toHaveLength(1);
  await iterator.return?.();
  expect(own()).toEqual([]);
});

test("events beyond the limit are dropped, and counted as a loss of the stream", async () => {
  const { stream, runs } = driven();
  const losses: Lost[] = [];
  const told: Status[] = [];
  const telling = statuses.subscribe((status) => told.push(status));
  stream.losses.subscribe((lost) => losses.push(lost));
  const events = iterate(stream.pipe(map((number) => number * 10)), { limit: 4 });
  const taken = take(events, async (event) => {
    if (event === 0) await setImmediate();
  });
  runs[0]!.give(0);
  await Promise.resolve();
  runs[0]!.give(...numbers(1, 7));
  await setImmediate();
  runs[0]!.give(...numbers(8, 2));
  runs[0]!.complete();
  expect(await taken).toEqual([0, 10, 20, 30, 40, 80, 90]);
  expect(losses).toEqual([
    { type: "lost", time: expect.closeTo(Date.now(), -4), count: 3, total: 3, reason: "buffer full" },
  ]);
  telling.unsubscribe();
  expect(told).toEqual(losses);
});

test("every loss is counted, once", async () => {
  const { stream, runs } = driven();
  const losses: number[][] = [];
  stream.losses.subscribe(({ count, total }) => losses.push([count, total]));
  const iterator = iterate(stream, { limit: 1 })[Symbol.asyncIterator]();
  const first = iterator.next();
  for (const count of [3, 2, 4]) {
    runs[0]!.give(...numbers(0, count));
    await Promise.resolve();
  }
  await first;
  expect(losses).toEqual([
    [1, 1],
    [2, 3],
    [4, 7],
  ]);
  await iterator.return!();
});

test("if no stream can report a loss, the loop ends with an error after the waiting events", async () => {
  const source = new Subject<number>();
  const iterator = iterate(merge(source), { limit: 2 })[Symbol.asyncIterator]();
  const first = iterator.next();
  for (const number of numbers(1, 4)) source.next(number);
  expect(source.observed).toBe(false);
  expect([await first, await iterator.next(), await iterator.next()].map(({ value }) => value)).toEqual([1, 2, 3]);
  await expect(iterator.next()).rejects.toThrow("Cannot keep up with the events: 2 wait for the loop");
});

test("a loop whose body awaits nothing takes a flood without a loss", async () => {
  const { stream, runs } = driven();
  const losses: Lost[] = [];
  stream.losses.subscribe((lost) => losses.push(lost));
  const taken = take(stream);
  for (let batch = 0; batch < 50; batch++) {
    runs[0]!.give(...numbers(batch * 4096, 4096));
    await setImmediate();
  }
  runs[0]!.complete();
  expect(await taken).toEqual(numbers(0, 50 * 4096));
  expect(losses).toEqual([]);
});

test("an invalid limit is refused", () => {
  for (const limit of [0, 1.5, NaN]) expect(() => iterate(of(1), { limit })).toThrow("limit takes a whole number");
});
