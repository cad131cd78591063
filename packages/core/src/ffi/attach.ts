import { closeSync, fstatSync, openSync, readSync } from "node:fs";

import { stateOf } from "../system-errors.js";
import { check } from "./errno.js";
import { native } from "./koffi.js";
import { lazily } from "./library.js";
import { libbpf } from "./libbpf.js";
import { libc } from "./libc.js";

/** A hook for a program whose section does not name one. */
export type Hook = Uprobe | Usdt | Clock;

/** The start or the return of a function in a program or library file. */
export interface Uprobe {
  readonly kind: "uprobe";
  /** The absolute path of the file. */
  readonly path: string;
  readonly symbol: string;
  /** Whether to run at the function's return, not at its start. */
  readonly returns?: boolean;
  /** Only in this process; by default in all that map the file. */
  readonly pid?: number | undefined;
}

/** A static marker (USDT) that a program's authors have put into it for tracers such as SystemTap. */
export interface Usdt {
  readonly kind: "usdt";
  readonly path: string;
  readonly provider: string;
  readonly name: string;
  readonly pid?: number | undefined;
}

/** A periodic perf event on every processor, from a clock or a counter. include/uapi/linux/perf_event.h. */
export interface Clock {
  readonly kind: "clock";
  /** `PERF_TYPE_...` and what it counts; the CPU clock by default. */
  readonly event?: { readonly type: number; readonly config: number };
  /** The frequency, or the number of counted events from one to the next. */
  readonly every: { readonly hertz: number } | { readonly period: number };
}

const PERF_EVENT_OPEN = 298;
const PERF_TYPE_SOFTWARE = 1;
const PERF_COUNT_SW_CPU_CLOCK = 0;
const PERF_FLAG_FD_CLOEXEC = 8;
const ENOENT = 2;

const uprobeOptions = lazily(() =>
  native().struct("bpf_uprobe_opts", {
    sz: "size_t",
    ref_ctr_offset: "size_t",
    bpf_cookie: "uint64_t",
    retprobe: "bool",
    func_name: "const char *",
  }),
);

/**
 * Attaches a loaded program to a hook; to a clock, on one processor. Returns the link; on failure returns null and sets
 * errno.
 * @param subject what is tried, for the error message if there is no such clock
 * @throws BpfError
 */
export function attachTo(program: bigint, hook: Hook, subject: string, cpu: number): bigint | null {
  switch (hook.kind) {
    case "uprobe": {
      const { path, symbol, returns = false, pid = -1 } = hook;
      const koffi = native();
      const type = uprobeOptions();
      const options = {
        sz: koffi.sizeof(type),
        ref_ctr_offset: 0,
        bpf_cookie: 0,
        retprobe: returns,
        func_name: symbol,
      };
      const pointer = koffi.alloc(type, 1);
      koffi.encode(pointer, type, options);
      const link = libbpf().bpf_program__attach_uprobe_opts(program, pid, path, 0, pointer);
      koffi.free(pointer);
      return link;
    }
    case "usdt": {
      const { path, provider, name, pid = -1 } = hook;
      return libbpf().bpf_program__attach_usdt(program, pid, path, provider, name, null);
    }
    case "clock": {
      const fd = openPerfEvent(hook, subject, cpu);
      const link = libbpf().bpf_program__attach_perf_event(program, fd);
      // From now on the link owns the event's descriptor.
      if (!link) closeSync(fd);
      return link;
    }
  }
}

/** perf_event_open(2). */
function openPerfEvent({ event, every }: Clock, subject: string, cpu: number): number {
  const { type, config } = event ?? { type: PERF_TYPE_SOFTWARE, config: PERF_COUNT_SW_CPU_CLOCK };
  // struct perf_event_attr: type, size, config, sample_period or sample_freq, ..., flags; bit 10 of these is `freq`
  const attributes = Buffer.alloc(128);
  attributes.writeUInt32LE(type, 0);
  attributes.writeUInt32LE(attributes.length, 4);
  attributes.writeBigUInt64LE(BigInt(config), 8);
  attributes.writeBigUInt64LE(BigInt("hertz" in every ? every.hertz : every.period), 16);
  if ("hertz" in every) attributes.writeBigUInt64LE(1n << 10n, 40);
  const fd = Number(libc().syscall(PERF_EVENT_OPEN, attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
  const missing = fd < 0 && native().errno() === ENOENT ? ": this machine has no such counter" : "";
  return check("perf_event_open", fd, subject + missing);
}

const ELF = "\x7fELF";

/**
 * Why attaching to a hook in a file has failed, in words that a person can act on; undefined if neither the file nor
 * libbpf tells.
 * @param log libbpf's log
 */
export function faultOfFile(hook: Hook, log: string): string | undefined {
  // libbpf searches for a name without a directory.
  if (hook.kind === "clock" || !hook.path.includes("/")) return undefined;
  const advice = "give the path of a program or a library";
  try {
    const fd = openSync(hook.path, "r");
    const start = Buffer.alloc(ELF.length);
    try {
      if (fstatSync(fd).isDirectory()) return `it is a directory; ${advice}`;
      readSync(fd, start);
    } finally {
      closeSync(fd);
    }
    if (start.toString("latin1") !== ELF) return `it is not a program; ${advice}`;
  } catch (error) {
    return stateOf(error);
  }
  return hook.kind === "uprobe" && /failed to find symbol/.test(log) ? `it has no function ${hook.symbol}` : undefined;
}

/** Describes a hook, for messages. */
export function hookText(hook: Hook): string {
  switch (hook.kind) {
    case "uprobe":
      return `${hook.symbol} of ${hook.path}`;
    case "usdt":
      return `${hook.provider}:${hook.name} of ${hook.path}`;
    case "clock":
      return "hertz" in hook.every ? `a clock of ${hook.every.hertz} Hz` : `a counter's every ${hook.every.period}`;
  }
}
