import type { Table } from "@rxbpf/core";

import { whoOptions } from "../define/common.js";
import { flag, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { shownText } from "../define/show.js";
import { histogramOptions, histogramText, totalsText } from "../define/table-text.js";
import { type Stretch, stretchKey, stretchValue } from "./schema.js";

const definition = define({
  name: "cpudist",
  summary: "how long threads run each time, or stay off the CPU, as histograms",
  options: {
    ...whoOptions({ pid: "p" }),
    ...histogramOptions,
    offcpu: flag("measure the time off the CPU, not on it", { short: "O" }),
    milliseconds: flag("measure in milliseconds, not microseconds", { short: "m" }),
    pids: flag("a histogram for each process", { short: "P" }),
    tids: flag("a histogram for each thread", { short: "L" }),
    includeIdle: flag("also count the CPUs' idle threads", { short: "I" }),
    extension: showing(flag("show average, total and count", { short: "e" })),
  },
  positional: ["interval", "tables"],
  check({ pids, tids }) {
    if (pids && tids) throw new UsageError("pids and tids exclude each other");
  },
  variants: () => [{ programs: ["switched"] }],
  constants: ({ offcpu, milliseconds, pids, tids, includeIdle }) => ({
    off_cpu: offcpu,
    unit_ns: milliseconds ? 1_000_000 : undefined,
    by_process: pids,
    by_thread: tids,
    with_idle: includeIdle,
  }),
  outputs: ({ table }) => ({
    stretches: table("stretches", {
      key: stretchKey,
      value: stretchValue,
      banner: "Tracing on-CPU and off-CPU time... Hit Ctrl-C to end.",
      perCpu: ({ pids, tids }) => !pids && !tids,
      entries: ({ pids, tids }) => (pids || tids ? undefined : 1),
      columns: () => [],
      heatMap: ({ heatmap }) => (heatmap ? (row: Stretch) => row.duration : undefined),
      units: ({ milliseconds }) => (milliseconds ? { duration: "ms" } : undefined),
      order: () => (a: Stretch, b: Stretch) => a.id - b.id,
      ofProcessWith: ["pids", "tids"],
      text(options) {
        const { pids, tids, extension } = options;
        const names = shownText(options);
        const name = tids ? "tid" : "pid";
        const section = (row: Stretch): string | undefined =>
          pids || tids ? `${name} = ${row.id} ${row.comm}${names(row)}` : undefined;
        return histogramText(
          (row: Stretch) => row.duration,
          section,
          extension
            ? totalsText(
                (row: Stretch) => row.duration,
                (row) => row.total,
              )
            : undefined,
        );
      },
    }),
  }),
  main: "stretches",
});

/** Options of `cpudist`. */
export interface CpudistOptions extends GivenTo<typeof definition> {}

/**
 * How long threads run each time they get a CPU or, with `offcpu`, how long they stay off it, as histograms: one for all
 * threads, or one for each process or each thread.
 *
 * Options are those of BCC's cpudist. Filters apply to the thread that runs or waits. A stretch that began before the probe was
 * attached is not seen. It costs each context switch of the machine some hundred nanoseconds.
 */
export const cpudist: ProbeOf<typeof definition, CpudistOptions, Table<Stretch>> = probe(definition);
