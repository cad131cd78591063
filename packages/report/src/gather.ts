import { statSync } from "node:fs";

import type { Fields } from "@rxbpf/core";
import { type Ending, endsRecording, type RecordedBatch, type Series, type Snapshot } from "@rxbpf/sinks";

import { type Gathered, type Gatherer, gathererOf, shown } from "./columns.js";

/** Beyond this many values, or characters of texts, fewer events are kept: what is read need not be trusted. */
const MOST_VALUES = 50_000_000;
const MOST_CHARACTERS = 64 << 20;
/** After so many events it is looked whether fewer should be kept. */
const SLICE = 65_536;
/** How many losses are kept apart. Further ones are added to the last. */
const MOST_LOSSES = 10_000;
const MOST_REASONS = 100;

/** What a page needs of the recordings of one probe. */
export class Gathering {
  readonly series: Series;
  readonly fields: Fields;
  readonly #columns: ReadonlyMap<string, Gatherer>;
  readonly #most: number;
  /** The name of the first time of events, which is when they happened. */
  readonly #time: string | undefined;
  /** How many events there are, how many were kept, and that one in so many is. */
  events = 0;
  kept = 0;
  every = 1;
  bytes = 0;
  first = Infinity;
  last = -Infinity;
  readonly lost = new Map<string, number>();
  readonly losses: { readonly time: number; count: number }[] = [];
  readonly snapshots: Snapshot[] = [];
  /** How each file ended, if not well. */
  readonly states: string[] = [];

  /** @param most how many events to keep */
  constructor(series: Series, most: number) {
    this.series = series;
    this.fields = series[0].info.schema.fields;
    this.#most = Math.min(most, Math.max(1, Math.floor(MOST_VALUES / Object.keys(this.fields).length)));
    this.#time = Object.keys(this.fields).find((name) => this.fields[name]!.kind === "time");
    this.#columns = new Map(Object.entries(this.fields).map(([name, field]) => [name, gathererOf(name, field)]));
  }

  /** Reads all; yields after each batch, so that other work can have a turn. */
  *read(): Generator<void> {
    for (const { path, batches } of this.series) {
      const reading = batches();
      let next = reading.next();
      for (; !next.done; next = reading.next()) {
        this.#add(next.value);
        yield;
      }
      this.bytes += statSync(path).size;
      this.#end(path, next.value);
    }
  }

  /** The kept values by field. */
  take(): ReadonlyMap<string, Gathered> {
    return new Map([...this.#columns].map(([name, column]) => [name, column.take()]));
  }

  #add(batch: RecordedBatch): void {
    for (let from = 0; from < batch.length; from += SLICE)
      this.#rows(batch, from, Math.min(from + SLICE, batch.length));
    for (const { note } of batch.notes) {
      if (note.type === "snapshot") this.snapshots.push(note);
      else this.#lose(note);
    }
  }

  #rows({ time, values }: RecordedBatch, from: number, to: number): void {
    // Of all events, as these are the bounds of the recording; so the column of times need not read them again.
    const times = new Float64Array(to - from);
    for (let i = from; i < to; i++) {
      const at = (times[i - from] = time(i) ?? NaN);
      if (at < this.first) this.first = at;
      if (at > this.last) this.last = at;
    }
    // The next event whose number is a multiple of `every`.
    const start = from + ((this.every - (this.events % this.every)) % this.every);
    // Column by column, as each has its own code.
    for (const [name, column] of this.#columns) {
      const read = name === this.#time ? (i: number) => times[i - from] : values.get(name)!;
      for (let i = start; i < to; i += this.every) column.add(read(i));
    }
    this.kept += Math.max(0, Math.ceil((to - start) / this.every));
    this.events += to - from;
    while (this.kept > this.#most || this.#characters() > MOST_CHARACTERS) this.#halve();
  }

  #characters(): number {
    let sum = 0;
    for (const { size } of this.#columns.values()) sum += size;
    return this.kept > 1 ? sum : 0;
  }

  #halve(): void {
    for (const column of this.#columns.values()) column.halve();
    this.kept = Math.ceil(this.kept / 2);
    this.every *= 2;
  }

  #lose({ time, count, reason }: { readonly time: number; readonly count: number; readonly reason: string }): void {
    const name = this.lost.has(shown(reason)) || this.lost.size < MOST_REASONS ? shown(reason) : "other reasons";
    this.lost.set(name, (this.lost.get(name) ?? 0) + count);
    const last = this.losses.at(-1);
    if (last && this.losses.length === MOST_LOSSES) last.count += count;
    else this.losses.push({ time, count });
    if (endsRecording(reason)) this.states.push(`ended early: ${shown(reason)}`);
  }

  #end(path: string, { finished, dropped }: Ending): void {
    const cut = dropped > 0 ? `; its last ${dropped} bytes are no whole batch` : "";
    if (!finished) this.states.push(`${shown(path)} is not finished${cut}`);
  }
}
