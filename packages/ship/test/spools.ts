import { mkdtempSync, readdirSync } from "node:fs";

import { type ArrowOptions, replay, toArrow } from "@rxbpf/sinks";
import { type Shipped, type ShipOptions, shipRecordings } from "@rxbpf/ship";
import type { EventStream } from "@rxbpf/core";
import { lastValueFrom, toArray } from "rxjs";

import { samples, streamOf } from "../../sinks/test/samples.js";

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
  const stream: EventStream<unknown> = streamOf(samples(count, from));
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
