import { NEVER, Subject, take } from "rxjs";
import { expect, test } from "vitest";

import { EventStream, sampleEvent, statuses } from "@rxbpf/core";
import { runs, Consumer, schema, text, texts, u32, who } from "@rxbpf/core/events";

import { driven } from "./streams.js";

const { info } = driven().stream;

function collected<E>(stream: EventStream<E>): unknown[] {
  const seen: unknown[] = [];
  stream.subscribe({ next: (e) => seen.push(e), error: (e) => seen.push(e), complete: () => seen.push("end") });
  return seen;
}

test("a stream of given events delivers them to every subscriber, and reports that it is attached", () => {
  const said: unknown[] = [];
  const listening = statuses.subscribe((status) => said.push(status));
  const stream = EventStream.of(info, [1, 2, 3]);
  expect(collected(stream)).toEqual([1, 2, 3, "end"]);
  expect(collected(stream)).toEqual([1, 2, 3, "end"]);
  listening.unsubscribe();
  expect(said).toEqual([
    { type: "attached", programs: [] },
    { type: "attached", programs: [] },
  ]);
  expect(stream.info).toEqual(info);
});

test("events of another observable are passed on, and the stream can be ended in good order or at once", () => {
  const subject = new Subject<number>();
  const until = new Subject<void>();
  const seen = collected(EventStream.of(info, subject).until(until));
  subject.next(1);
  expect(runs().some((one) => one.info.name === info.name)).toBe(true);
  until.next();
  subject.next(2);
  expect(seen).toEqual([1, "end"]);
  expect(runs().some((one) => one.info.name === info.name)).toBe(false);
  expect(subject.observed).toBe(false);
  EventStream.of(info, subject).pipe(take(1)).subscribe();
  expect(subject.observed).toBe(true);
  subject.next(3);
  expect(subject.observed).toBe(false);
});

test("an error comes after the events before it", () => {
  const subject = new Subject<number>();
  const seen = collected(EventStream.of(info, subject));
  subject.next(1);
  subject.error("wrong");
  expect(seen).toEqual([1, "wrong"]);
});

test("events that come while it is held wait", () => {
  const subject = new Subject<number>();
  const seen: unknown[] = [];
  const consumer = new Consumer({ end: () => {} });
  consumer.subscribe(EventStream.of(info, subject), {
    next: (e) => seen.push(e),
    error: (e) => seen.push(e),
    complete: () => seen.push("end"),
  });
  consumer.hold();
  subject.next(1);
  subject.complete();
  expect(seen).toEqual([]);
  consumer.release();
  expect(seen).toEqual([1, "end"]);
  consumer.done();
});

test("it can be ended while it runs", () => {
  const seen = collected(EventStream.of(info, NEVER));
  for (const one of runs()) if (one.info.name === info.name) one.stop();
  expect(seen).toEqual(["end"]);
});

test("a sample has every field that an event has", () => {
  const event = schema("event", { ...who, port: u32("port"), path: text("path"), args: texts("arguments") });
  expect(sampleEvent(event, { port: 80, comm: "cat" })).toEqual({
    ...{ time: 0, pid: 0, tid: 0, ppid: 0, execId: 0, uid: 0, comm: "cat", cgroupId: 0, mntnsId: 0, cpu: 0 },
    ...{ port: 80, path: "", args: [] },
  });
});
