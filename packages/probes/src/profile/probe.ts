import type { Table } from "@rxbpf/core";

import { whoOptions } from "../define/common.js";
import { flag, integer, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { checkFlame, flameOptions, flameText } from "../define/flame-text.js";
import { stackText } from "../define/stack-text.js";
import { type Sample, sampleKey, sampleValue } from "./schema.js";

const definition = define({
  name: "profile",
  summary: "what runs on the CPUs, sampled by stack",
  options: {
    ...whoOptions({ pid: "p", tid: "L" }),
    userStacksOnly: flag("only user stacks, not those of the kernel", { short: "U" }),
    kernelStacksOnly: flag("only kernel stacks, not those of processes", { short: "K" }),
    frequency: integer("sample HERTZ times a second (default 49)", {
      short: "F",
      value: "HERTZ",
      min: 1,
      max: 100_000,
    }),
    delimited: showing(flag("put -- between kernel frames and user frames", { short: "d" })),
    annotations: showing(flag("add _[k] to the names of kernel functions", { short: "a" })),
    includeIdle: flag("also count idle CPUs", { short: "I" }),
    folded: showing(flag("write each stack as one line, the input for flame graphs", { short: "f" })),
    ...flameOptions,
    addresses: showing(flag("show addresses", { short: "A", long: "address" })),
    hashStorageSize: integer("room for N pairs of thread and stacks (default 40960)", {
      value: "N",
      min: 1,
      max: 2 ** 24,
    }),
    stackStorageSize: integer("room for N different stacks (default 16384)", { value: "N", min: 1, max: 2 ** 24 }),
    cpu: integer("only the CPU with the number CPU", { short: "C", value: "CPU" }),
  },
  positional: ["duration"],
  check({ userStacksOnly, kernelStacksOnly, ...shown }) {
    checkFlame(shown);
    if (userStacksOnly && kernelStacksOnly)
      throw new UsageError("userStacksOnly and kernelStacksOnly exclude each other");
  },
  variants: ({ frequency = 49 }) => [
    { programs: ["tick"], hooks: { tick: [{ kind: "clock", every: { hertz: frequency } }] } },
  ],
  constants: ({ userStacksOnly, kernelStacksOnly, includeIdle, cpu }) => ({
    no_kernel_stack: userStacksOnly,
    no_user_stack: kernelStacksOnly,
    with_idle: includeIdle,
    only_cpu: cpu,
  }),
  outputs: ({ table }) => ({
    samples: table("samples", {
      key: sampleKey,
      value: sampleValue,
      entries: ({ hashStorageSize }) => hashStorageSize,
      stackEntries: ({ stackStorageSize }) => stackStorageSize,
      order: () => (a: Sample, b: Sample) => a.count - b.count,
      columns: () => [],
      inPlace: ({ flame }) => flame === true,
      text: (options) => {
        const number = (row: Sample): number => row.count;
        return options.flame ? flameText(number, "samples", options) : stackText(number, options);
      },
    }),
  }),
  main: "samples",
});

/** Options of `profile`. */
export interface ProfileOptions extends GivenTo<typeof definition> {}

/**
 * What runs on the CPUs: a timer samples the stack on each CPU, `frequency` times a second, and counts equal stacks. A sample
 * costs about 17 µs by the kernel's count (`sysctl kernel.bpf_stats_enabled=1`, `bpftool prog`): at 49 samples a second, less
 * than a thousandth of a CPU.
 *
 * Options and columns are those of BCC's profile. Stacks are unwound by frame pointers; a stack that ends early, as in most of
 * Debian's C libraries, is marked `[cut]`. Needs root, or CAP_BPF and CAP_PERFMON and, for the names of functions, CAP_SYSLOG and
 * CAP_SYS_PTRACE.
 */
export const profile: ProbeOf<typeof definition, ProfileOptions, Table<Sample>> = probe(definition);
