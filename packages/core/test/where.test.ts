import { EventStream, Table } from "@rxbpf/core";
import { type Condition, type Run, schema, type Source } from "@rxbpf/core/events";
import { Subject } from "rxjs";
import { expect, test } from "vitest";

import { driven, streamOf } from "./streams.js";

/** A source that takes conditions, must be prepared, and logs what becomes of it. */
function conditional(log: string[], conditions: readonly Condition<never>[] = []): Source<number> {
  const start = (): Run => {
    log.push(`start with ${conditions.length}`);
    const say = (what: string) => () => void log.push(what);
    return { stop: say("stop"), close: say("close"), hold: say("hold"), release: say("release") };
  };
  const where = (condition: Condition<never>): Source<number> => conditional(log, [...conditions, condition]);
  const prepare = async (): Promise<Source<number>> => {
    log.push("prepare");
    await Promise.resolve();
    if (conditions.length > 2) throw new Error("Cannot prepare");
    return start;
  };
  return Object.assign(() => start(), { where, ...(conditions.length > 0 && { prepare }) });
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const isTrue = (): boolean => true;

test("events that do not meet a condition are dropped here if the source takes none", () => {
  const { stream, runs } = driven();
  const seen: number[] = [];
  stream
    .where((n) => n > 1)
    .where((n) => n % 2)
    .subscribe((n) => seen.push(n));
  runs[0]!.give(1, 2, 3, 5);
  expect(seen).toEqual([3, 5]);
});

test("a source gets the conditions of a stream, also after until(), and is prepared before it starts", async () => {
  const log: string[] = [];
  const notified = new Subject<void>();
  const stream = streamOf(conditional(log)).where(isTrue).until(notified).where(isTrue);
  stream.subscribe();
  expect(log).toEqual(["prepare"]);
  notified.next(); // nobody listens before it has started
  await settled();
  notified.next();
  expect(log).toEqual(["prepare", "start with 2", "stop"]);
});

test("a stream that is ended while its source is prepared never starts", async () => {
  const log: string[] = [];
  const completed: string[] = [];
  const stream = streamOf(conditional(log)).where(isTrue);
  stream.subscribe().unsubscribe();
  const run = stream.connect({ batch() {}, status() {}, complete: () => completed.push("complete"), error() {} });
  run.stop();
  await settled();
  expect([log, completed]).toEqual([["prepare", "prepare"], ["complete"]]);
});

test("a source that cannot be prepared ends the stream with its error", async () => {
  const errors: unknown[] = [];
  const stream = streamOf(conditional([])).where(isTrue).where(isTrue).where(isTrue);
  stream.subscribe({ error: (error: Error) => errors.push(error.message) });
  await settled();
  expect(errors).toEqual(["Cannot prepare"]);
});

test("calls before the source is prepared take effect once it has started", async () => {
  const log: string[] = [];
  const ignored = { batch() {}, status() {}, complete() {}, error() {} };
  const run = streamOf(conditional(log)).where(isTrue).connect(ignored);
  run.hold();
  await settled();
  run.release();
  run.close();
  expect(log).toEqual(["prepare", "start with 1", "hold", "release", "close"]);
});

test("tables are refused, unless the source can test what it counts", () => {
  const info = { name: "counts", tables: true, schema: schema("count", {}), columns: () => [] };
  const tables = EventStream.of(info, [new Table(0, [{ count: 1 }])]);
  expect(() => tables.where(isTrue)).toThrow("Cannot filter the events of counts: it has only counts");
});

test("earlier events whose effect lasts must meet the condition too", () => {
  const info = { name: "numbers", schema: schema("number", {}), columns: () => [], already: () => [1, 2, 3] };
  const stream = new EventStream<number>(info, conditional([]));
  expect(stream.where((n) => n > 1).info.already!()).toEqual([2, 3]);
});
