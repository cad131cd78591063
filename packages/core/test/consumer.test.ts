import type { Lost, Status } from "@rxbpf/core";
import { Consumer, consumers } from "@rxbpf/core/events";
import {
  catchError,
  concat,
  defer,
  delay,
  filter,
  from,
  map,
  merge,
  mergeMap,
  NEVER,
  Observable,
  of,
  retry,
  share,
  shareReplay,
  switchMap,
  throwError,
  timer,
} from "rxjs";
import { afterEach, expect, test, vi } from "vitest";

import { driven, streamOf } from "./streams.js";

const started: Consumer[] = [];
afterEach(() => {
  for (const consumer of started.splice(0)) consumer.done();
});

/** A consumer of an observable, and what it was told. */
function consume(source: Observable<unknown>) {
  const losses: number[] = [];
  const events: unknown[] = [];
  const consumer = new Consumer({
    end() {},
    status: (status) => void (status.type === "lost" && losses.push(status.count)),
  });
  started.push(consumer);
  const next = (event: unknown): void => void events.push(event);
  const subscription = consumer.subscribe(source, { next, error() {}, complete() {} });
  return { consumer, losses, events, subscription };
}

const lost = (count: number): Lost => ({ type: "lost", time: 1, count, total: count, reason: "ring full" });

test("two consumers of one stream are each told their own losses, and a hold affects only one", () => {
  const { stream, runs } = driven();
  const [a, b] = [consume(stream.pipe(map(String))), consume(stream)];
  runs[0]!.status(lost(1));
  runs[1]!.status(lost(2));
  expect([a.losses, b.losses]).toEqual([[1], [2]]);
  a.consumer.hold();
  a.consumer.hold();
  expect(runs.map(({ calls }) => calls)).toEqual([["hold"], []]);
  a.consumer.release();
  a.consumer.release();
  expect(runs.map(({ calls }) => calls)).toEqual([["hold", "release"], []]);
});

test("a subscription without a consumer reports to no consumer", () => {
  const { stream, runs } = driven();
  const { losses, consumer } = consume(NEVER);
  stream.subscribe();
  runs[0]!.status(lost(1));
  consumer.hold();
  expect(losses).toEqual([]);
  expect(runs[0]!.calls).toEqual([]);
});

test("losses of merged streams are reported, and all of the streams are held", () => {
  const [a, b] = [driven(), driven()];
  const { losses, consumer } = consume(merge(a.stream, b.stream.pipe(filter((n) => n > 1))).pipe(map(String)));
  a.runs[0]!.status(lost(1));
  b.runs[0]!.status(lost(2));
  expect(losses).toEqual([1, 2]);
  consumer.hold();
  expect([a.runs[0]!.calls, b.runs[0]!.calls]).toEqual([["hold"], ["hold"]]);
});

test("a stream that is subscribed to later reports to its consumer, and is held if that is", async () => {
  const ways: Record<string, (stream: Observable<unknown>) => Observable<unknown>> = {
    concat: (stream) => concat(of(1), stream),
    "mergeMap after a while": (stream) => timer(1).pipe(mergeMap(() => stream)),
    "switchMap of a promise": (stream) => from(Promise.resolve()).pipe(switchMap(() => stream)),
    catchError: (stream) => throwError(() => 1).pipe(catchError(() => stream)),
    "retry with a delay": (stream) => {
      let tries = 0;
      return defer(() => (tries++ === 0 ? throwError(() => 1) : stream)).pipe(retry({ delay: 1 }));
    },
    "an observable of one's own": (stream) =>
      new Observable((subscriber) => stream.subscribe((e) => subscriber.next(e))),
  };
  for (const [name, way] of Object.entries(ways)) {
    const { stream, runs } = driven();
    const other = consume(stream);
    const { losses, consumer } = consume(way(stream.pipe(delay(0))).pipe(map(String)));
    consumer.hold();
    await vi.waitFor(() => expect(runs, name).toHaveLength(2));
    runs[1]!.status(lost(7));
    expect([losses, other.losses], name).toEqual([[7], []]);
    expect(runs[1]!.calls, name).toEqual(["hold"]);
  }
});

test("a shared stream reports to each consumer, and waits for all that hold it", () => {
  for (const sharing of [share(), shareReplay(1)]) {
    const { stream, runs } = driven();
    const shared = stream.pipe(
      filter(() => true),
      sharing,
    );
    const [a, b] = [consume(shared.pipe(map(String))), consume(shared)];
    const apart = consume(stream);
    expect(runs).toHaveLength(2);
    runs[0]!.status(lost(3));
    expect([a.losses, b.losses, apart.losses]).toEqual([[3], [3], []]);
    a.consumer.hold();
    b.consumer.hold();
    a.consumer.done();
    expect(runs[0]!.calls).toEqual(["hold", "hold", "release"]);
    runs[0]!.status(lost(1));
    expect([a.losses, b.losses]).toEqual([[3], [3, 1]]);
  }
});

test("a hold asked for while the source starts takes effect once it runs", () => {
  const calls: string[] = [];
  const stream = streamOf<number>((receiver) => {
    receiver.batch({ length: 1, row: () => 1 });
    const say = (what: string) => () => void calls.push(what);
    return { stop: say("stop"), close: say("close"), hold: say("hold"), release: say("release") };
  });
  const consumer = new Consumer({ end() {} });
  consumer.subscribe(stream, { next: () => consumer.hold(), error() {}, complete() {} });
  expect(calls).toEqual(["hold"]);
  consumer.done();
  expect(calls).toEqual(["hold", "release"]);
});

test("a loss on the way from a stream is reported on that stream's status", () => {
  const { stream, runs } = driven();
  const told: Status[] = [];
  stream.status.subscribe((status) => told.push(status));
  const { consumer, losses, subscription } = consume(stream.pipe(map(String)));
  expect(consumer.isFed).toBe(true);
  consumer.report(lost(4));
  expect(told).toEqual([lost(4)]);
  expect(losses).toEqual([]);
  subscription.unsubscribe();
  expect(consumer.isFed).toBe(false);
  expect(runs[0]!.calls).toEqual(["close"]);
});

test("consumers are listed until they are done", () => {
  const { consumer } = consume(NEVER);
  expect(consumers()).toContain(consumer);
  consumer.done();
  expect(consumers()).not.toContain(consumer);
});
