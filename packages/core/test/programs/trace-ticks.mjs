// Traces ticks in a separate process, with the built packages: trace-ticks.mjs OBJECT [MEASURE_MS]. Prints `attached`,
// or the error. Then waits to be ended, or prints the CPU time in ms that it takes during MEASURE_MS.
import { readFileSync } from "node:fs";

import { EventStream } from "@rxbpf/core";
import { ring, sourceOf } from "@rxbpf/core/bpf";
import { schema, text, u64, who } from "@rxbpf/core/events";

const [object, measureMs] = process.argv.slice(2);
const tickEvent = schema("tick_event", { ...who, number: u64(""), bytes: text("") });
const image = { name: "ticks", bytes: () => readFileSync(object), variants: [{ programs: ["tick"] }] };
const source = sourceOf(image, ring("events", tickEvent), () => ({ constants: { self_pid: process.pid } }));
const stream = new EventStream({ name: "ticks", schema: tickEvent, columns: () => [] }, source);

stream.status.subscribe(({ type }) => process.stdout.write(`${type}\n`));
stream.subscribe({ error: ({ name, message }) => process.stdout.write(`${name}: ${message}\n`) });

if (measureMs) {
  const before = process.cpuUsage();
  setTimeout(() => {
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${(user + system) / 1000}\n`);
    process.exit();
  }, Number(measureMs));
}
