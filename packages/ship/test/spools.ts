import { mkdtempSync, readdirSync } from "node:fs";

import { type ArrowOptions, replay, toArrow } from "@rxbpf/sinks";
import { type Shipped, type ShipOptions, shipRecordings } from "@rxbpf/ship";
import { type EventOf, EventStream, type Lost } from "@rxbpf/core";
import { choice, optional, schema, text, texts, time, u32, u64 } from "@rxbpf/core/events";
import { lastValueFrom, toArray } from "rxjs";

/** A field of every kind that a message holds in its own way. */
const sampleSchema = schema("sample", {
  time: time("when"),
  seq: u32("number"),
  cgroupId: u64("64 bits"),
  type: choice("one of few", ["in", "out"]),
  path: text("a path"),
  args: texts("arguments"),
  query: optional(text("a name that some have")),
});

export type Sample = EventOf<typeof sampleSchema>;

/** Rows with these numbers. */
export function samples(count: number, from: number = 0): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    time: 1_700_000_000_000 + (from + i) / 4096,
    seq: from + i,
    cgroupId: Number.MAX_SAFE_INTEGER - from - i,
    type: i % 2 ? "in" : "out",
    path: `/\u001b[31m'"\\/${"x".repeat((from + i) % 500)}`,
    args: Array.from({ length: i % 4 }, (_, at) => `argument ${at}`),
    ...(i % 2 && { query: `${from + i}.example.org` }),
  }));
}

/** A stream of the given batches of rows and losses, which then ends. */
export function streamOf(...parts: readonly (readonly Sample[] | Lost)[]): EventStream<unknown> {
  const info = { name: "sample", schema: sampleSchema, columns: () => [] };
  return new EventStream<unknown>(info, (receiver) => {
    const timer = setImmediate(() => {
      for (const part of parts) {
        if ("type" in part) receiver.status(part);
        else receiver.batch({ length: part.length, row: (index) => part[index]! });
      }
      receiver.complete();
    });
    return { stop: () => {}, close: () => clearImmediate(timer), hold: () => {}, release: () => {} };
  });
}

/** Makes an empty spool in a folder. */
export function spoolIn(folder: string): string {
  return mkdtempSync(`${folder}/spool-`);
}

/** Records rows with these numbers, in batches of 100, and with `options` in several files. */
export async function record(
  directory: string,
  count: number,
  from: number = 0,
  options: ArrowOptions = {},
): Promise<void> {
  const stream = streamOf(samples(count, from));
  const sink = toArrow(`${directory}/r-${from}.arrow`, { batchRows: 100, ...options });
  await lastValueFrom(stream.pipe(sink));
}

/** Sends all of a spool; returns what was sent and what was told. */
export async function drain(
  directory: string,
  url: string,
  options: ShipOptions = {},
): Promise<{ readonly shipped: Shipped; readonly told: readonly string[] }> {
  const told: string[] = [];
  const shipping = shipRecordings(directory, [url], { tell: (message) => told.push(message), ...options });
  shipping.drain();
  const [shipped] = await shipping.done;
  return { shipped: shipped!, told };
}

/** All rows of a stream. */
export function rowsOf(stream: EventStream<unknown>): Promise<unknown[]> {
  return lastValueFrom(stream.pipe(toArray()));
}

/** The rows in a spool. */
export function rowsIn(directory: string): Promise<unknown[]> {
  return rowsOf(replay(directory));
}

/** The names of the recordings in a spool. */
export function recordings(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(".arrow"));
}
