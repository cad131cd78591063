import { config, filter, map, Observable, of, take } from "rxjs";
import { afterEach, expect, test } from "vitest";

import { EventStream } from "@rxbpf/core";
import { blamed, Flow, originOf } from "@rxbpf/core/events";

import { driven } from "./streams.js";

const { info } = driven().stream;

const unhandled: unknown[] = [];
config.onUnhandledError = (error) => unhandled.push(error);
afterEach(() => unhandled.splice(0));

/** RxJS reports unhandled errors in a later turn of the event loop. */
const reported = () => new Promise<unknown[]>((resolve) => setTimeout(() => resolve([...unhandled]), 5));

test("a loop takes events through operators, and ends the source when it is left", async () => {
  const { stream, runs } = driven();
  const seen: number[] = [];
  const odd = stream.pipe(
    filter((n) => n % 2 === 1),
    map((n) => n * 10),
  );
  const loop = (async () => {
    for await (const n of odd) if (seen.push(n) === 2) break;
  })();
  runs[0]!.give(1, 2, 3, 4, 5);
  await loop;
  expect(seen).toEqual([10, 30]);
  expect(runs[0]!.calls).toEqual(["close"]);
});

test("every pipe in a chain gives a flow, whatever its operators are made with", () => {
  const { stream } = driven();
  const scratch = <T>(source: Observable<T>) => new Observable<T>((subscriber) => source.subscribe(subscriber));
  const flow = stream.pipe(take(2)).pipe(scratch);
  expect(flow).toBeInstanceOf(Flow);
  expect(flow).not.toBeInstanceOf(EventStream);
  expect(originOf(stream.pipe(take(2)).pipe(map(String)))).toBe(stream);
  expect(stream.pipe()).toBe(stream);
});

test("a next that throws ends its subscription, and its error is reported once, with its stream", async () => {
  const { stream, runs } = driven();
  const failure = new Error("cannot take it");
  const seen: number[] = [];
  const subscription = stream.pipe(map((n) => n)).subscribe((n) => {
    seen.push(n);
    if (n === 2) throw failure;
  });
  runs[0]!.give(1, 2, 3);
  runs[0]!.give(4);
  expect(seen).toEqual([1, 2]);
  expect(subscription.closed).toBe(true);
  expect(runs[0]!.calls).toEqual(["close"]);
  expect(await reported()).toEqual([failure]);
  expect(blamed(failure)).toBe("numbers");
});

test("so does one that throws while its source delivers synchronously", async () => {
  const seen: number[] = [];
  const flow = EventStream.of(info, [1, 2, 3]).pipe(map((n) => n));
  flow.subscribe((n) => {
    seen.push(n);
    throw new Error("no");
  });
  expect(seen).toEqual([1]);
  expect(await reported()).toHaveLength(1);
});

test("an error names its stream, whether it is handled or not", async () => {
  const failure = new Error("wrong");
  const { stream, runs } = driven();
  const failing = stream.pipe(
    map(() => {
      throw failure;
    }),
  );
  const handled: unknown[] = [];
  failing.subscribe({ error: (error) => handled.push(error) });
  runs[0]!.give(1);
  expect(handled).toEqual([failure]);
  expect(await reported()).toEqual([]);
  failing.subscribe();
  runs[1]!.give(1);
  expect(await reported()).toEqual([failure]);
  expect(blamed(failure)).toBe("numbers");
  expect(blamed(new Error("other"))).toBeUndefined();
});

test("callbacks are called as RxJS calls them", () => {
  const calls: unknown[] = [];
  EventStream.of(info, [1, 2])
    .pipe(take(2))
    .subscribe(
      (n) => calls.push(n),
      null,
      () => calls.push("end"),
    );
  class Counting {
    count = 0;
    next(): void {
      this.count++;
    }
  }
  const counting = new Counting();
  of(1).subscribe(counting);
  EventStream.of(info, [1, 2]).subscribe(counting);
  expect(calls).toEqual([1, 2, "end"]);
  expect(counting.count).toBe(3);
});
