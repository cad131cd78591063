import { readFileSync } from "node:fs";

import type { Table } from "@rxbpf/core";

import { flag } from "./options.js";
import { showing } from "./selection.js";
import { clockTime } from "./times.js";

/** Options of probes whose tables replace each other on a terminal. */
export const topOptions = {
  noclear: showing(flag("do not clear the screen for each table", { short: "C" })),
} as const;

/** Up to this age of a table, the load of now stands for the load at its time. */
const RECENT_MS = 2000;

/** The time of a table and the load of the machine, as BCC's tools write them; for a recorded table, only the time. */
export function loadHeading(table: Table<unknown>): string {
  const time = clockTime(table);
  if (Math.abs(Date.now() - table.time) > RECENT_MS) return time;
  return `${time} loadavg: ${readFileSync("/proc/loadavg", "utf8").trim()}`;
}
