import { type Connection, EventStream, schema } from "@rxbpf/core";
import { expect, test } from "vitest";

function heldStream(): { stream: EventStream<number>; calls: string[] } {
  const calls: string[] = [];
  const info = { name: "numbers", schema: schema("numbers", {}), columns: () => [] };
  let started = 0;
  const stream = new EventStream<number>(info, (receiver): Connection => {
    const id = ++started;
    receiver.batch({ length: 1, row: () => id });
    const say = (what: string) => () => void calls.push(`${what} ${id}`);
    return { stop: say("stop"), close: say("close"), hold: say("hold"), release: say("release") };
  });
  return { stream, calls };
}

test("a stream is held from the first hold to the last release", () => {
  const { stream, calls } = heldStream();
  const subscription = stream.subscribe();
  const first = stream.hold();
  const second = stream.hold();
  first();
  first();
  expect(calls).toEqual(["hold 1"]);
  second();
  expect(calls).toEqual(["hold 1", "release 1"]);
  subscription.unsubscribe();
});

test("a hold asked for while the source starts takes effect once it runs", () => {
  const { stream, calls } = heldStream();
  let release = (): void => {};
  stream.subscribe(() => (release = stream.hold()));
  expect(calls).toEqual(["hold 1"]);
  release();
  expect(calls).toEqual(["hold 1", "release 1"]);
});

test("a hold covers subscriptions that come later, and none that has ended", () => {
  const { stream, calls } = heldStream();
  const release = stream.hold();
  stream.subscribe().unsubscribe();
  stream.subscribe();
  release();
  expect(calls).toEqual(["hold 1", "close 1", "hold 2", "release 2"]);
});
