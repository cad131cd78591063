import { printable, printableJson } from "@rxbpf/core";
import { type Progress, recover, seriesAt } from "@rxbpf/sinks";
import type { Command } from "commander";

import { factsOf } from "../recordings/facts.js";
import { progressLine } from "../recordings/progress.js";
import { addExport } from "./export.js";

/** `rxbpf info`, `rxbpf recover` and `rxbpf export`: commands on recordings. */
export function addRecordings(program: Command): void {
  program
    .command("info")
    .description("describe recordings: their probes, what they hold, and whether they are whole")
    .argument("<path>", "a recording, or a directory of recordings")
    .option("--json", "write one JSON document per line, for each probe")
    .action((path: string, { json }: { json?: boolean }) => {
      for (const [i, series] of seriesAt(path).entries()) {
        const facts = factsOf(series);
        if (json) console.log(printableJson(JSON.stringify(facts)));
        else console.log(`${i > 0 ? "\n" : ""}${lines(facts)}`);
      }
    });

  program
    .command("recover")
    .description("finish recordings whose writer died, so that any Arrow reader can open them")
    .argument("<file...>", "recordings that no process writes to any more")
    .action(async (files: string[]) => {
      for (const file of files) {
        const line = progressLine(["recover"], [file], process.stderr);
        const progress = (value: Progress): void => line.tell(0, value);
        const { rows, dropped, finished } = await recover(file, { progress }).finally(() => line.erase());
        const done = finished ? "was whole" : `recovered; cut off ${dropped} bytes of an incomplete batch`;
        console.log(`${printable(file)}: ${rows} events, ${done}`);
      }
    });

  addExport(program);
}

function lines(facts: Readonly<Record<string, unknown>>): string {
  const width = Math.max(...Object.keys(facts).map(({ length }) => length));
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(width)}  ${shown(value)}`)
    .join("\n");
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return printable(value.join(" "));
  if (typeof value !== "object" || value === null) return printable(String(value));
  const parts = Object.entries(value).map(([name, one]) => {
    const text = typeof one === "object" ? printableJson(JSON.stringify(one)) : printable(String(one));
    return `${printable(name)}: ${text}`;
  });
  return parts.length > 0 ? parts.join(", ") : "none";
}
