import { statSync } from "node:fs";

import { type Ending, endsRecording, type RecordedBatch, type Recording, type Series } from "@rxbpf/sinks";

/** Limits on the commands that are counted one by one, and on their names: the kernel's have 15 bytes, a file may hold anything. */
const MOST_COMMANDS = 10_000;
const MOST_NAME = 64;
const TOP = 8;

/** What `rxbpf info` says of a series of recordings. */
export function factsOf(series: Series): Readonly<Record<string, unknown>> {
  const { schema, ...about } = series[0].info;
  const count = new Count();
  const states = series.map((recording) => stateOf(recording, count));
  const bytes = series.reduce((sum, { path }) => sum + statSync(path).size, 0);
  const fields = Object.entries(schema.fields).map(([name, { kind }]) => `${name}:${kind}`);
  return {
    ...about,
    ...(series.length > 1 && { files: series.length }),
    bytes,
    fields,
    ...count.facts(bytes),
    state: [...new Set(states)].join("; "),
  };
}

/** Counts what is in a recording, and says whether it is whole. */
function stateOf({ path, batches }: Recording, count: Count): string {
  const reading = batches();
  let next = reading.next();
  let reason: string | undefined;
  for (; !next.done; next = reading.next()) {
    count.add(next.value);
    for (const { note } of next.value.notes)
      if (note.type === "lost" && endsRecording(note.reason)) reason = note.reason;
  }
  const { finished, dropped }: Ending = next.value;
  if (finished) return reason === undefined ? "whole" : `${path} ended early: ${reason}`;
  return `${path} is not finished${dropped > 0 ? `; its last ${dropped} bytes are not a whole batch` : ""}`;
}

class Count {
  readonly #lost = new Map<string, number>();
  readonly #commands = new Map<string, number>();
  readonly #processes = new Set<string>();
  readonly #cgroupIds = new Set<number>();
  #events = 0;
  #batches = 0;
  #first = Infinity;
  #last = -Infinity;

  add({ length, time, columns, notes }: RecordedBatch): void {
    this.#batches++;
    this.#events += length;
    const comm = columns.get("comm");
    for (let i = 0; i < length; i++) {
      const at = time(i) ?? NaN;
      if (at < this.#first) this.#first = at;
      if (at > this.#last) this.#last = at;
      const name = comm?.(i);
      if (typeof name !== "string" || name.length > MOST_NAME) continue;
      if (this.#commands.size < MOST_COMMANDS || this.#commands.has(name)) more(this.#commands, name, 1);
    }
    for (const { note } of notes) {
      if (note.type === "lost") more(this.#lost, note.reason, note.count);
      else {
        for (const { pid, start } of note.processes) this.#processes.add(`${pid} ${start}`);
        for (const { id } of note.cgroups) this.#cgroupIds.add(id);
      }
    }
  }

  facts(bytes: number): Readonly<Record<string, unknown>> {
    const hasTimes = this.#last >= this.#first;
    const top = [...this.#commands].sort(([, a], [, b]) => b - a).slice(0, TOP);
    return {
      events: this.#events,
      ...(this.#events > 0 && { bytesPerEvent: Math.round((bytes / this.#events) * 10) / 10 }),
      batches: this.#batches,
      ...(hasTimes && { first: iso(this.#first), last: iso(this.#last), seconds: (this.#last - this.#first) / 1000 }),
      lost: Object.fromEntries(this.#lost),
      commands: Object.fromEntries(top),
      processes: this.#processes.size,
      cgroups: this.#cgroupIds.size,
    };
  }
}

function more(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function iso(time: number): string {
  return Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : String(time);
}
