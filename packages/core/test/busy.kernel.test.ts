import { EventStream, type EventOf } from "@rxbpf/core";
import { ring, sourceOf, type Variant } from "@rxbpf/core/bpf";
import { schema, who } from "@rxbpf/core/events";
import { expect, test } from "vitest";

import { holdings } from "../../../testing/holdings.js";
import { bpftool } from "../../../testing/kernel-objects.js";
import { compileProgram, run, temporaryFolder } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";

const folder = temporaryFolder();
const faultEvent = schema("fault_event", who);

/** The page faults that the kernel makes for `head`. */
function faults(variant: Variant): EventStream<EventOf<typeof faultEvent>> {
  const bytes = compileProgram(new URL("programs/busy.bpf.c", import.meta.url), folder);
  const image = { name: "busy", bytes: () => bytes, variants: [variant] };
  const constants = { wanted_parent: process.pid };
  const source = sourceOf<EventOf<typeof faultEvent>>(image, ring("events", faultEvent), () => ({
    constants,
    maxEntries: { events: 1 << 20 },
  }));
  return new EventStream({ name: "busy", schema: faultEvent, columns: () => [] }, source);
}

/** The kernel's own count, read with bpftool. */
function misses(): number {
  const ids = holdings().objects.flatMap((object) => /^prog (\d+)$/.exec(object)?.[1] ?? []);
  const shown = ids.map((id) => bpftool("prog", "show", "id", id) as { name: string; recursion_misses?: number });
  return shown.find(({ name }) => name === "fault")?.recursion_misses ?? 0;
}

test("events that come while their program is already running are lost, and every one is counted", async () => {
  const recording = await record(faults({ programs: ["fault"] }));
  await run("head", ["-c", "2000000", "/dev/zero"]);
  const missed = misses();
  const events = await recording.finish();
  expect(missed).toBeGreaterThan(0);
  // Other processes may have faulted since.
  expect(events.length).toBeGreaterThanOrEqual(missed);
  expect(recording.lost()).toBe(events.length);
  const losses = recording.statuses.filter((status) => status.type === "lost");
  expect(losses.at(-1)).toMatchObject({ reason: "program busy", total: events.length });
});

test("they are no loss if another program of the set sees them", async () => {
  const recording = await record(faults({ programs: ["fault"], interruptible: ["fault"] }));
  await run("head", ["-c", "2000000", "/dev/zero"]);
  expect(misses()).toBeGreaterThan(0);
  await recording.finish();
  expect(recording.lost()).toBe(0);
});
