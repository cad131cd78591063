import type { Table } from "@rxbpf/core";

import { whoOptions } from "../define/common.js";
import { flag, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { shownText } from "../define/show.js";
import { histogramOptions, histogramText } from "../define/table-text.js";
import { type Wait, waitKey, waitValue } from "./schema.js";

const definition = define({
  name: "runqlat",
  summary: "how long runnable threads wait for a CPU, as histograms",
  options: {
    ...whoOptions({ pid: "p" }),
    ...histogramOptions,
    milliseconds: flag("measure in milliseconds, not microseconds", { short: "m" }),
    pids: flag("a histogram for each process", { short: "P" }),
    tids: flag("a histogram for each thread", { short: "L" }),
  },
  positional: ["interval", "tables"],
  check({ pids, tids }) {
    if (pids && tids) throw new UsageError("pids and tids exclude each other");
  },
  variants: () => [{ programs: ["wakeup", "wakeup_new", "switched"] }],
  constants: ({ milliseconds, pids, tids }) => ({
    unit_ns: milliseconds ? 1_000_000 : undefined,
    by_process: pids,
    by_thread: tids,
  }),
  outputs: ({ table }) => ({
    waits: table("waits", {
      key: waitKey,
      value: waitValue,
      banner: "Tracing run queue latency... Hit Ctrl-C to end.",
      perCpu: ({ pids, tids }) => !pids && !tids,
      entries: ({ pids, tids }) => (pids || tids ? undefined : 1),
      columns: () => [],
      heatMap: ({ heatmap }) => (heatmap ? (row: Wait) => row.latency : undefined),
      units: ({ milliseconds }) => (milliseconds ? { latency: "ms" } : undefined),
      order: () => (a: Wait, b: Wait) => a.id - b.id,
      ofProcessWith: ["pids", "tids"],
      text(options) {
        const { pids, tids } = options;
        const names = shownText(options);
        return histogramText(
          (row: Wait) => row.latency,
          (row) => (pids || tids ? `${tids ? "tid" : "pid"} = ${row.id} ${row.comm}${names(row)}` : undefined),
        );
      },
    }),
  }),
  main: "waits",
});

/** Options of `runqlat`. */
export interface RunqlatOptions extends GivenTo<typeof definition> {}

/**
 * How long runnable threads wait for a CPU, as histograms: one for all threads, or one for each process or each thread. Unlike
 * in BCC's, filters apply to the thread that waits. It costs each wake-up and each context switch of the machine some hundred
 * nanoseconds. Waits that began before the probe was attached are not seen.
 */
export const runqlat: ProbeOf<typeof definition, RunqlatOptions, Table<Wait>> = probe(definition);
