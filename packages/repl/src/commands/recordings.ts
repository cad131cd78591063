import { printable, printableJson } from "@rxbpf/core";
import { readRecording, recover } from "@rxbpf/sinks";
import type { Command } from "commander";

import { addExport } from "./export.js";

/** `rxbpf info`, `rxbpf recover` and `rxbpf export`: what can be done with recordings. */
export function addRecordings(program: Command): void {
  program
    .command("info")
    .description("tell what a recording is of, and whether it is whole")
    .argument("<file>", "a recording")
    .option("--json", "write one JSON document")
    .action((file: string, { json }: { json?: boolean }) => {
      const facts = factsOf(file);
      if (json) console.log(printableJson(JSON.stringify(facts)));
      else for (const [name, value] of Object.entries(facts)) console.log(`${name.padEnd(10)} ${shown(value)}`);
    });

  program
    .command("recover")
    .description("finish recordings whose writer died, so that every reader of Arrow can open them")
    .argument("<file...>", "recordings that nobody writes to any more")
    .action(async (files: string[]) => {
      for (const file of files) {
        const { rows, dropped, finished } = await recover(file);
        const done = finished ? "was whole" : `recovered; cut off ${dropped} bytes that were no whole batch`;
        console.log(`${printable(file)}: ${rows} events, ${done}`);
      }
    });

  addExport(program);
}

/** What `rxbpf info` tells. */
function factsOf(path: string): Readonly<Record<string, unknown>> {
  const { info, batches } = readRecording(path);
  const { schema, ...about } = info;
  const lost: Record<string, number> = {};
  const seen = { events: 0, batches: 0, first: Infinity, last: -Infinity, processes: 0, cgroups: 0 };
  const reading = batches();
  for (let next = reading.next(); ; next = reading.next()) {
    if (next.done) {
      const { first, last, ...counts } = seen;
      const span = last >= first ? { first: iso(first), last: iso(last) } : {};
      const fields = Object.entries(schema.fields).map(([name, { kind }]) => `${name}:${kind}`);
      const state = next.value.finished
        ? "whole"
        : `not finished, ${next.value.dropped} bytes at its end are no whole batch`;
      return { ...about, fields, ...counts, ...span, lost, state };
    }
    const { length, time, notes } = next.value;
    seen.batches++;
    seen.events += length;
    for (let i = 0; i < length; i++) {
      const at = time(i) ?? NaN;
      if (at < seen.first) seen.first = at;
      if (at > seen.last) seen.last = at;
    }
    for (const { note } of notes) {
      if (note.type === "lost") lost[note.reason] = (lost[note.reason] ?? 0) + note.count;
      else {
        seen.processes += note.processes.length;
        seen.cgroups += note.cgroups.length;
      }
    }
  }
}

function iso(time: number): string {
  return Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : String(time);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return printable(value.join(" "));
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}
