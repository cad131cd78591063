import { readFileSync } from "node:fs";

import type { Table } from "@rxbpf/core";

import { flag } from "./options.js";
import { showing } from "./selection.js";
import { clockTime } from "./times.js";

/** Options of probes whose tables take each other's place. */
export const topOptions = {
  noclear: showing(flag("do not clear the screen for each table", { short: "C" })),
} as const;

/** How old a table may be for the load of now to be that of its time. */
const RECENT_MS = 2000;

/** The time of a table and the load of the machine, in the words of BCC's tools; of one from a recording the time alone. */
export function loadHeading(table: Table<unknown>): string {
  const time = clockTime(table);
  if (Math.abs(Date.now() - table.time) > RECENT_MS) return time;
  return `${time} loadavg: ${readFileSync("/proc/loadavg", "utf8").trim()}`;
}
