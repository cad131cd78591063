import { setImmediate as turn } from "node:timers/promises";

import type { Run, Source } from "@rxbpf/core/events";
import { beforeEach, expect, test } from "vitest";

import { streamOf } from "./streams.js";

/** A source whose start takes all the time that starts have in one turn. It logs the calls of its runs. */
function slow(number: number, log: string[], fails = false): Source<number> {
  return (receiver): Run => {
    const until = performance.now() + 101;
    while (performance.now() < until);
    if (fails) throw new Error(`Cannot start ${number}`);
    log.push(`start ${number}`);
    receiver.batch({ length: 1, row: () => number });
    const say = (what: string) => () => void log.push(`${what} ${number}`);
    return { stop: say("stop"), close: say("close"), hold: say("hold"), release: say("release") };
  };
}

beforeEach(() => turn());

test("streams that start at once leave the event loop its turns, and start in order", async () => {
  const log: string[] = [];
  for (let i = 0; i < 6; i++) streamOf(slow(i, log)).subscribe((number) => log.push(`event ${number}`));
  expect(log).toEqual(["start 0", "event 0"]);
  const turns: number[] = [];
  while (log.length < 12) {
    await turn();
    turns.push(log.length);
  }
  expect(turns).toEqual([4, 6, 8, 10, 12]);
  expect(log).toEqual([0, 1, 2, 3, 4, 5].flatMap((i) => [`start ${i}`, `event ${i}`]));
});

test("of streams that have not started yet, one that is unsubscribed never starts, and one that fails to start reports its error", async () => {
  const log: string[] = [];
  const streams = [0, 1, 2, 3, 4].map((i) => streamOf(slow(i, log, i === 3)));
  const subscriptions = streams.map((stream) => stream.subscribe({ error: (e: Error) => log.push(e.message) }));
  const connection = streamOf(slow(5, log)).connect({
    batch() {},
    status() {},
    complete: () => void log.push("complete 5"),
    error() {},
  });
  expect(log).toEqual(["start 0"]);
  subscriptions[2]!.unsubscribe();
  connection.stop();
  while (!log.includes("start 4")) await turn();
  expect(log).toEqual(["start 0", "complete 5", "start 1", "Cannot start 3", "start 4"]);
});

test("calls before a stream has started take effect once it has", async () => {
  const log: string[] = [];
  for (let i = 0; i < 2; i++) streamOf(slow(i, log)).subscribe();
  const ignored = { status() {}, complete() {}, error() {} };
  const held = streamOf(slow(2, log)).connect({ ...ignored, batch() {} });
  held.hold();
  held.hold();
  held.release();
  const left = streamOf(slow(3, log)).connect({ ...ignored, batch: () => left.close() });
  while (!log.includes("close 3")) await turn();
  expect(log).toEqual(["start 0", "start 1", "start 2", "hold 2", "start 3", "close 3"]);
});
