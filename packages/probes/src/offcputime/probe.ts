import type { Table } from "@rxbpf/core";

import { whoOptions } from "../define/common.js";
import { flag, integer, timeSpan, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { showing } from "../define/selection.js";
import { checkFlame, flameOptions, flameText } from "../define/flame-text.js";
import { stackText } from "../define/stack-text.js";
import { type Blocked, blockedKey, blockedValue } from "./schema.js";

const blockTime = { value: "TIME", unit: "us", min: 0, max: 2 ** 32 - 1 } as const;

const definition = define({
  name: "offcputime",
  summary: "how long threads stay off the CPU, by stack",
  options: {
    ...whoOptions({ pid: "p", tid: "t" }),
    userThreadsOnly: flag("only user threads", { short: "u" }),
    kernelThreadsOnly: flag("only kernel threads", { short: "k" }),
    userStacksOnly: flag("only user stacks, not those of the kernel", { short: "U" }),
    kernelStacksOnly: flag("only kernel stacks, not those of processes", { short: "K" }),
    delimited: showing(flag("put -- between kernel frames and user frames", { short: "d" })),
    folded: showing(flag("write each stack as one line, the input for flame graphs", { short: "f" })),
    ...flameOptions,
    offsets: showing(flag("show the offset into each function, in bytes", { short: "s", long: "offset" })),
    stackStorageSize: integer("room for N different stacks (default 16384)", { value: "N", min: 1, max: 2 ** 24 }),
    minBlockTime: timeSpan("only waits of at least TIME: microseconds, or with a unit: 10ms (default 1)", {
      short: "m",
      ...blockTime,
    }),
    maxBlockTime: timeSpan("only waits of at most TIME: microseconds, or with a unit: 10ms", {
      short: "M",
      ...blockTime,
    }),
    state: integer("only waits in a task state of the bit mask MASK; 0: only threads preempted while runnable", {
      value: "MASK",
    }),
  },
  positional: ["duration"],
  check({
    userThreadsOnly,
    kernelThreadsOnly,
    userStacksOnly,
    kernelStacksOnly,
    minBlockTime = 1,
    maxBlockTime,
    ...shown
  }) {
    checkFlame(shown);
    if (userThreadsOnly && kernelThreadsOnly)
      throw new UsageError("userThreadsOnly and kernelThreadsOnly exclude each other");
    if (userStacksOnly && kernelStacksOnly)
      throw new UsageError("userStacksOnly and kernelStacksOnly exclude each other");
    if (maxBlockTime !== undefined && minBlockTime > maxBlockTime)
      throw new UsageError("minBlockTime must not exceed maxBlockTime");
  },
  variants: () => [{ programs: ["switched"] }],
  constants: ({ userThreadsOnly, kernelThreadsOnly, userStacksOnly, kernelStacksOnly, ...limits }) => ({
    no_user_threads: kernelThreadsOnly,
    no_kernel_threads: userThreadsOnly,
    no_kernel_stack: userStacksOnly,
    no_user_stack: kernelStacksOnly,
    by_state: limits.state !== undefined,
    state_mask: limits.state,
    least_ns: limits.minBlockTime === undefined ? undefined : Math.round(limits.minBlockTime * 1000),
    most_ns: limits.maxBlockTime === undefined ? undefined : Math.round(limits.maxBlockTime * 1000),
  }),
  outputs: ({ table }) => ({
    blocked: table("blocked", {
      key: blockedKey,
      value: blockedValue,
      stackEntries: ({ stackStorageSize }) => stackStorageSize,
      order: () => (a: Blocked, b: Blocked) => a.timeNs - b.timeNs,
      columns: () => [],
      inPlace: ({ flame }) => flame === true,
      text: (options) => {
        const number = (row: Blocked): number => Math.floor(row.timeNs / 1000);
        return options.flame ? flameText(number, "us", options) : stackText(number, options);
      },
    }),
  }),
  main: "blocked",
});

/** Options of `offcputime`. */
export interface OffcputimeOptions extends GivenTo<typeof definition> {}

/**
 * How long threads stay off the CPU, by the stack at which they left it: asleep, waiting for a lock, a disk or a peer, or
 * preempted while runnable (`state: 0` shows only those).
 *
 * Options and columns are those of BCC's offcputime; it counts nanoseconds and shows microseconds. A wait that is not over when
 * the trace ends is not counted. Stacks are unwound by frame pointers; a stack that ends early is marked `[cut]`. Each context
 * switch for which it takes stacks costs some microseconds, so filter where many threads switch.
 */
export const offcputime: ProbeOf<typeof definition, OffcputimeOptions, Table<Blocked>> = probe(definition);
