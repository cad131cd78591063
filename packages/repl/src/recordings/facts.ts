import { statSync } from "node:fs";

import type { NamedCgroup } from "@rxbpf/core/events";
import { cgroupsIn, type Ending, endsRecording, type RecordedBatch, type Recording, type Series } from "@rxbpf/sinks";

/** Limits on the commands that are counted one by one, and on their names: the kernel's have 15 bytes, a file may hold anything. */
const MOST_COMMANDS = 10_000;
const MOST_NAME = 64;
/** A directory's, or what an engine takes. */
const MOST_CGROUP_NAME = 256;
const TOP = 8;

/** What `rxbpf info` says of a series of recordings. */
export function factsOf(series: Series): Readonly<Record<string, unknown>> {
  const { schema, ...about } = series[0].info;
  const count = new Count();
  const cgroups = cgroupsIn(series);
  const states = series.map((recording) => stateOf(recording, count.within(cgroups(recording))));
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
function stateOf({ path, batches }: Recording, add: (batch: RecordedBatch) => void): string {
  const reading = batches();
  let next = reading.next();
  let reason: string | undefined;
  for (; !next.done; next = reading.next()) {
    add(next.value);
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
  readonly #cgroups = new Set<NamedCgroup>();
  readonly #named = {
    container: new Map<string, number>(),
    pod: new Map<string, number>(),
    unit: new Map<string, number>(),
  };
  #events = 0;
  #batches = 0;
  #first = Infinity;
  #last = -Infinity;

  /** Returns a function that adds a batch. @param cgroups those that its recording names */
  within(cgroups: ReadonlyMap<number, NamedCgroup>): (batch: RecordedBatch) => void {
    for (const cgroup of cgroups.values()) this.#cgroups.add(cgroup);
    return (batch) => {
      this.#add(batch);
      this.#addCgroups(batch, cgroups);
    };
  }

  #addCgroups({ length, columns }: RecordedBatch, cgroups: ReadonlyMap<number, NamedCgroup>): void {
    const idOf = columns.get("cgroupId");
    const events = new Map<unknown, number>();
    for (let i = 0; idOf && i < length; i++) {
      const id = idOf(i);
      events.set(id, (events.get(id) ?? 0) + 1);
    }
    for (const [id, count] of events) {
      const cgroup = cgroups.get(Number(id));
      for (const kind of ["container", "pod", "unit"] as const) {
        const name = cgroup?.[kind];
        if (name !== undefined && name.length <= MOST_CGROUP_NAME) more(this.#named[kind], name, count);
      }
    }
  }

  #add({ length, time, columns, notes }: RecordedBatch): void {
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
      else for (const { pid, start } of note.processes) this.#processes.add(`${pid} ${start}`);
    }
  }

  facts(bytes: number): Readonly<Record<string, unknown>> {
    const hasTimes = this.#last >= this.#first;
    const { container, pod, unit } = this.#named;
    return {
      events: this.#events,
      ...(this.#events > 0 && { bytesPerEvent: Math.round((bytes / this.#events) * 10) / 10 }),
      batches: this.#batches,
      ...(hasTimes && { first: iso(this.#first), last: iso(this.#last), seconds: (this.#last - this.#first) / 1000 }),
      lost: Object.fromEntries(this.#lost),
      commands: top(this.#commands),
      containers: top(container),
      pods: top(pod),
      units: top(unit),
      processes: this.#processes.size,
      cgroups: this.#cgroups.size,
    };
  }
}

/** The names with the highest counts. */
function top(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a).slice(0, TOP));
}

function more(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function iso(time: number): string {
  return Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : String(time);
}
