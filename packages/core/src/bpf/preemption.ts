import { closeSync, existsSync, openSync, readSync } from "node:fs";

import { lazily } from "../ffi/library.js";
import type { Variant } from "./variant.js";

const TYPES = "/sys/kernel/btf/vmlinux";

/**
 * Whether the kernel may preempt a program at a tracepoint. It may since Linux 7.0, which guards tracepoints by fast
 * SRCU (`__DECLARE_TRACE` of include/linux/tracepoint.h); earlier kernels switch preemption off. The kernel's types
 * show both: names of SRCU for tracepoints, as before 6.13 too, and of fast SRCU, as since 6.15.
 */
export const isPreemptible: () => boolean = lazily(() => {
  const names = existsSync(TYPES) ? namesOfTypes() : Buffer.alloc(0);
  return ["tracepoint_srcu_srcu_data", "srcu_ctr"].every((name) => names.includes(`\0${name}\0`));
});

/** All names in the kernel's types, from the string section of its BTF. Documentation/bpf/btf.rst. */
function namesOfTypes(): Buffer {
  const file = openSync(TYPES, "r");
  try {
    const header = Buffer.alloc(24);
    readSync(file, header, 0, header.length, 0);
    const [headerLength, offset, length] = [4, 16, 20].map((at) => header.readUInt32LE(at)) as [number, number, number];
    const names = Buffer.alloc(length);
    // One read returns at most a page.
    for (let at = 0, read = -1; read !== 0; at += read)
      read = readSync(file, names, at, length - at, headerLength + offset + at);
    return names;
  } finally {
    closeSync(file);
  }
}

/** In the names of programs for such kernels, and at the end of the names of maps that only such kernels need. */
export const PREEMPTIBLE = "_preemptible";

/**
 * Programs that stand in for each other, and the one that counts what all of them missed: see
 * bpf/include/repetition.bpf.h.
 */
const REPEATED = /_preemptible_(\d|end)$/;

/**
 * The forms of a variant for a preemptible kernel, given the object's programs: see bpf/include/preemption.bpf.h. The
 * variant itself comes last, in case perf's tracepoints are not available.
 */
export function forPreemptible(variant: Variant, programs: readonly string[]): readonly Variant[] {
  const { interruptible = [], lacks } = variant;
  const inPlaceOf = (name: string): readonly string[] =>
    programs.filter((one) => one === name + PREEMPTIBLE || one.startsWith(`${name}${PREEMPTIBLE}_`));
  const replaced = variant.programs.filter((name) => inPlaceOf(name).length > 0);
  if (replaced.length === 0) return [variant];
  const chosen = variant.programs.flatMap((name) => (replaced.includes(name) ? inPlaceOf(name) : [name]));
  const uncounted = chosen.filter((name) => interruptible.includes(name) || REPEATED.test(name));
  return [
    { ...variant, programs: chosen, interruptible: uncounted },
    { ...variant, interruptible: [], lacks: [lacks, UNLESS_MOUNTED].filter(Boolean).join(", nor ") },
  ];
}

const UNLESS_MOUNTED =
  "all events of tasks that compete for a processor: tracefs, at /sys/kernel/tracing, is not mounted or cannot be read";
