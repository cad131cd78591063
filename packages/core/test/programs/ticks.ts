import { EventStream } from "@rxbpf/core";
import { type ObjectSpec, ring, type RunOptions, sourceOf, type Variant } from "@rxbpf/core/bpf";
import { schema, text, u64, who } from "@rxbpf/core/events";

/** The events of ticks.bpf.c. */
const tickEvent = schema("tick_event", {
  ...who,
  number: u64("the tick's number"),
  bytes: text("what it carried"),
});
export type Tick = {
  readonly [K in keyof typeof tickEvent.fields]: NonNullable<(typeof tickEvent.fields)[K]["value"]>;
};

/** The compiled programs as an object to load. */
export function ticksImage(bytes: Uint8Array, variants: readonly Variant[] = [{ programs: ["tick"] }]): ObjectSpec {
  return { name: "ticks", bytes: () => bytes, variants };
}

/** The ticks that processes make. */
export function ticks(image: ObjectSpec, setting: RunOptions = {}): EventStream<Tick> {
  const source = sourceOf<Tick>(image, ring("events", tickEvent), () => ({
    maxEntries: { events: 1 << 20 },
    ...setting,
    constants: { self_pid: process.pid, ...setting.constants },
  }));
  return new EventStream<Tick>({ name: "ticks", schema: tickEvent, columns: () => [] }, source);
}

/** The bytes of a tick that ticks.c makes with this number and length. */
export function bytesOf(number: number, length: number): string {
  return Array.from({ length: number % length }, (_, i) => String.fromCharCode(97 + (((number % 26) + i) % 26))).join(
    "",
  );
}
