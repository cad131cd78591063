import { UsageError } from "@rxbpf/probes/define";
import type { Command } from "commander";

import { cutShort, signals } from "../process/signals.js";
import { makeReport } from "../recordings/page.js";

interface Flags {
  readonly output?: string;
  readonly events?: number;
  readonly force?: boolean;
}

/** `rxbpf report`: recordings as a page for browsers. */
export function addReport(program: Command): void {
  program
    .command("report")
    .description("make a page of recordings that opens in any browser, without a server or a network")
    .argument("<path...>", "recordings, or directories of recordings")
    .option("-o, --output <file>", "where to write the page")
    .option(
      "--events <N>",
      "events of each probe that the page holds; of more, every 2nd, 4th, ... (default: 2000000)",
      number,
    )
    .option("--force", "replace the file if it exists")
    .action(async (paths: string[], { output, events, force }: Flags) => {
      if (output === undefined) throw new UsageError("report needs --output FILE, where to write the page");
      const ending = new AbortController();
      const stopped = signals().subscribe((signal) => {
        cutShort(signal);
        ending.abort();
      });
      try {
        await makeReport(paths, output, { events, force, signal: ending.signal });
      } catch (error) {
        // Nothing was written, as the status says.
        if (!ending.signal.aborted) throw error;
      } finally {
        stopped.unsubscribe();
      }
    });
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError(`--events takes a number from 1 on, not ${JSON.stringify(text)}`);
  return value;
}
