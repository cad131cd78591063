import { inspect } from "node:util";

import { EventStream, statuses, type Status } from "@rxbpf/core";
import { runs, type Run, originOf, type Receiver, mapEvents, type Source } from "@rxbpf/core/events";
import { expect, test } from "vitest";
import { defer, filter, lastValueFrom, map, merge, NEVER, of, share, Subject, take, tap, toArray } from "rxjs";

import { driven, streamOf } from "./streams.js";

test("nothing starts before someone subscribes, and each subscriber has a source of its own", () => {
  const { stream, runs } = driven();
  expect(runs).toHaveLength(0);
  const first: number[] = [];
  const second: number[] = [];
  const subscription = stream.subscribe((event) => first.push(event));
  stream.subscribe((event) => second.push(event));
  expect(runs).toHaveLength(2);
  runs[0]!.give(1, 2);
  runs[1]!.give(10);
  subscription.unsubscribe();
  runs[1]!.give(11);
  expect([first, second]).toEqual([
    [1, 2],
    [10, 11],
  ]);
  expect(runs.map(({ calls }) => calls)).toEqual([["close"], []]);
});

test("a source that cannot start ends the stream with its error", () => {
  const refusal = new Error("Cannot start: no");
  const errors: unknown[] = [];
  streamOf(() => {
    throw refusal;
  }).subscribe({ error: (error) => errors.push(error) });
  expect(errors).toEqual([refusal]);
});

test("an error or the end of the source ends the stream and closes the source once", () => {
  for (const end of ["error", "complete"] as const) {
    const { stream, runs } = driven();
    const seen: unknown[] = [];
    stream.subscribe({ next: (e) => seen.push(e), error: (e) => seen.push(e), complete: () => seen.push("complete") });
    runs[0]!.give(1);
    if (end === "error") runs[0]!.error("error");
    else runs[0]!.complete();
    runs[0]!.give(2);
    expect(seen).toEqual([1, end]);
    expect(runs[0]!.calls).toEqual(["close"]);
  }
});

test("a subscriber that leaves within a batch gets no more of it", () => {
  const { stream, runs } = driven();
  const decoded: number[] = [];
  const taken: number[] = [];
  stream.pipe(take(2)).subscribe((event) => taken.push(event));
  runs[0]!.batch({ length: 5, row: (index) => (decoded.push(index), index) });
  expect(taken).toEqual([0, 1]);
  expect(decoded).toEqual([0, 1]);
  expect(runs[0]!.calls).toEqual(["close"]);
});

test("a source that ends within its own start is closed too", () => {
  const calls: string[] = [];
  const connection = { stop() {}, close: () => void calls.push("close"), hold() {}, release() {} };
  const seen: unknown[] = [];
  streamOf((receiver) => {
    receiver.batch({ length: 3, row: (index) => index });
    return connection;
  })
    .pipe(take(1))
    .subscribe({ next: (event) => seen.push(event), complete: () => seen.push("complete") });
  expect(seen).toEqual([0, "complete"]);
  expect(calls).toEqual(["close"]);
});

test("an operator that throws ends the stream with its error and closes the source", () => {
  const { stream, runs } = driven();
  const seen: unknown[] = [];
  const failing = stream.pipe(
    map((event) => {
      if (event === 2) throw new Error("two");
      return event;
    }),
  );
  failing.subscribe({ next: (event) => seen.push(event), error: (error: Error) => seen.push(error.message) });
  runs[0]!.give(1, 2, 3);
  expect(seen).toEqual([1, "two"]);
  expect(runs[0]!.calls).toEqual(["close"]);
});

test("`mapEvents` changes events, and leaves out those for which it returns undefined", () => {
  const runs: Receiver<number>[] = [];
  const source: Source<number> = (receiver) => {
    runs.push(receiver);
    return { stop() {}, close() {}, hold() {}, release() {} };
  };
  const even = mapEvents(source, (event) => (event % 2 === 0 ? `number ${event}` : undefined));
  const seen: string[] = [];
  streamOf(even).subscribe((event) => seen.push(event));
  runs[0]!.batch({ length: 4, row: (index) => index + 1 });
  expect(seen).toEqual(["number 2", "number 4"]);
});

test("until() stops the source when its notifier emits, delivers what is under way, and completes with the source", () => {
  const { stream, runs } = driven();
  const end = new Subject<void>();
  const seen: unknown[] = [];
  stream.until(end).subscribe({ next: (event) => seen.push(event), complete: () => seen.push("complete") });
  runs[0]!.give(1);
  end.next();
  expect(runs[0]!.calls).toEqual(["stop"]);
  expect(end.observed).toBe(false);
  runs[0]!.give(2, 3);
  runs[0]!.complete();
  expect(seen).toEqual([1, 2, 3, "complete"]);
  expect(runs[0]!.calls).toEqual(["stop", "close"]);
});

test("until() takes a notifier that emits at once, more than once, or never", async () => {
  for (const [notifier, calls] of [
    [of(1), ["stop"]],
    [of(1, 2, 3), ["stop"]],
    [of(), []],
    [[1], ["stop"]],
  ] as const) {
    const { stream, runs } = driven();
    stream.until(notifier).subscribe();
    expect(runs[0]!.calls).toEqual(calls);
  }
  const { stream, runs } = driven();
  stream.until(Promise.resolve()).subscribe();
  await Promise.resolve();
  expect(runs[0]!.calls).toEqual(["stop"]);
});

test("until() subscribes to its notifier once the source has started, and not if it cannot start", () => {
  const order: string[] = [];
  const rest = { stop: () => {}, close: () => {}, hold: () => {}, release: () => {} };
  const notifier = defer(() => {
    order.push("notifier");
    return NEVER;
  });
  const stream = streamOf(() => {
    order.push("source");
    return rest;
  });
  stream.until(notifier).subscribe().unsubscribe();
  expect(order).toEqual(["source", "notifier"]);

  const refused = streamOf(() => {
    throw new Error("no");
  });
  refused.until(notifier).subscribe({ error: () => {} });
  expect(order).toEqual(["source", "notifier"]);
});

test("until() passes on an error of its notifier, and unsubscribes from the notifier when the subscriber leaves", () => {
  const end = new Subject<void>();
  const { stream, runs } = driven();
  const errors: unknown[] = [];
  stream.until(end).subscribe({ error: (error) => errors.push(error) });
  const second = stream.until(end).subscribe();
  second.unsubscribe();
  expect(runs[1]!.calls).toEqual(["close"]);
  end.error("broken");
  expect(errors).toEqual(["broken"]);
  expect(runs[0]!.calls).toEqual(["close"]);
  expect(runs[1]!.calls).toEqual(["close"]);
});

test("until() works with a connection that is an instance of a class", () => {
  const calls: string[] = [];
  class Instance implements Run {
    stop = (): void => void calls.push("stop");
    close(): void {
      calls.push("close");
    }
    hold(): void {
      calls.push("hold");
    }
    release(): void {
      calls.push("release");
    }
  }
  const stream = streamOf(() => new Instance()).until(new Subject());
  const connection = stream.connect({ batch() {}, status() {}, complete() {}, error() {} });
  connection.hold();
  connection.release();
  connection.close();
  expect(calls).toEqual(["hold", "release", "close"]);
});

test("status and losses come from all subscriptions, also those through until()", () => {
  const { stream, runs } = driven();
  const statuses: Status[] = [];
  const losses: number[] = [];
  stream.status.subscribe((status) => statuses.push(status));
  stream.losses.subscribe(({ total }) => losses.push(total));
  stream.subscribe();
  stream.until(new Subject()).subscribe();
  const attached = { type: "attached", programs: ["p"] } as const;
  const lost = { type: "lost", time: 1, count: 2, total: 3, reason: "ring full" } as const;
  runs[0]!.status(attached);
  runs[1]!.status(lost);
  expect(statuses).toEqual([attached, lost]);
  expect(losses).toEqual([3]);
});

test("originOf finds the stream behind operators, and none behind several streams", () => {
  const { stream } = driven();
  const other = driven().stream;
  const chained = stream.pipe(
    filter((n) => n > 1),
    map(String),
    tap(),
    share(),
  );
  expect(originOf(stream)).toBe(stream);
  expect(originOf(chained)).toBe(stream);
  const bounded = stream.until(of(1));
  expect(originOf(bounded.pipe(take(1)))).toBe(bounded);
  expect(originOf(merge(stream, other))).toBeUndefined();
  expect(originOf(merge(stream, other).pipe(map(String)))).toBeUndefined();
  expect(originOf(of(1))).toBeUndefined();
});

test("a stream works with operators that gather all of it", async () => {
  const { stream, runs } = driven();
  const gathered = lastValueFrom(stream.pipe(toArray()));
  runs[0]!.give(1, 2);
  runs[0]!.give(3);
  runs[0]!.complete();
  expect(await gathered).toEqual([1, 2, 3]);
});

/** The runs of a stream. Other tests leave theirs running. */
const running = ({ info }: EventStream<number>) => runs().filter((one) => one.info === info);

test("a run is listed with its events and losses until it ends", () => {
  const { stream, runs } = driven();
  const subscription = stream.subscribe();
  stream.until(new Subject()).subscribe();
  runs[0]!.give(1, 2, 3);
  runs[0]!.status({ type: "lost", time: 0, count: 4, total: 4, reason: "ring full" });
  const [first, second] = running(stream);
  expect([first, second]).toMatchObject([
    { events: 3, lost: 4 },
    { events: 0, lost: 0 },
  ]);
  expect(second!.id).toBeGreaterThan(first!.id);
  second!.stop();
  expect(runs[1]!.calls).toEqual(["stop"]);
  subscription.unsubscribe();
  expect(running(stream)).toEqual([second]);
  runs[1]!.complete();
  expect(running(stream)).toEqual([]);
});

test("the status of all streams can be observed together", () => {
  const all: Status[] = [];
  const said = statuses.subscribe((status) => all.push(status));
  const [a, b] = [driven(), driven()];
  a.stream.subscribe();
  b.stream.subscribe();
  const lost = { type: "lost", time: 0, count: 4, total: 4, reason: "ring full" } as const;
  const notice = { type: "notice", message: "the set is empty" } as const;
  a.runs[0]!.status(lost);
  b.runs[0]!.status(notice);
  said.unsubscribe();
  expect(all).toEqual([lost, notice]);
});

test("a source that ends while it starts is not listed", () => {
  const stream = streamOf<number>((receiver) => {
    receiver.complete();
    return { stop() {}, close() {}, hold() {}, release() {} };
  });
  stream.subscribe();
  expect(running(stream)).toEqual([]);
});

test("inspect shows a stream by its name", () => {
  expect(inspect({ opens: driven().stream })).toBe("{ opens: [EventStream numbers] }");
});
