import type { Btf } from "./btf.js";
import { eventTime } from "../clock.js";
import type { BpfObject } from "../ffi/object.js";
import type { Loaded } from "./load.js";
import type { Receiver } from "../stream/source.js";

/** Reading a program's misses takes a system call; reading our own counters does not. */
const ASK_EVERY_MS = 500;

interface Counter {
  readonly reason: string;
  /** Events lost since the start. With `now`, the count is current whatever it costs. */
  total(now: boolean): number;
}

/**
 * Watches an object's losses: its counters `lost_<reason>`, which it shares with us through its `.bss`, and events for
 * which the kernel did not run a program because it was already running on that processor. Returns a function that
 * reports new losses to the receiver; `last` is set for the last report.
 */
export function losses({ object, btf, variant }: Loaded, receiver: Receiver<never>): (last?: boolean) => void {
  const { programs, interruptible = [] } = variant;
  const counted = programs.filter((program) => !interruptible.includes(program));
  const counters = [...ownCounters(object, btf), missedRuns(object, counted)].map((counter) => ({
    ...counter,
    reported: 0,
  }));
  return (last = false) => {
    // All counters are read before any is reported: a receiver may close the run when it hears of a loss, and then they
    // are gone.
    const found = counters.flatMap((counter) => {
      const total = counter.total(last);
      const count = total - counter.reported;
      counter.reported = total;
      return count > 0 ? [{ count, total, reason: counter.reason }] : [];
    });
    if (found.length === 0) return;
    const time = eventTime();
    for (const lost of found) receiver.status({ type: "lost", time, ...lost });
  };
}

function ownCounters(object: BpfObject, btf: Btf): Counter[] {
  const bss = object.variables(".bss");
  if (!bss) return [];
  return [...btf.variables()]
    .filter(([name, { section }]) => section === ".bss" && name.startsWith("lost_"))
    .map(([name, { offset }]) => {
      const words = new Uint32Array(bss.buffer, bss.byteOffset + offset, 2);
      return {
        reason: name.slice("lost_".length).replaceAll("_", " "),
        total: () => words[1]! * 2 ** 32 + words[0]!,
      };
    });
}

function missedRuns(object: BpfObject, programs: readonly string[]): Counter {
  let misses = 0;
  let askAt = 0;
  return {
    reason: "program busy",
    total(now) {
      if (now || performance.now() >= askAt) {
        misses = object.misses(programs);
        askAt = performance.now() + ASK_EVERY_MS;
      }
      return misses;
    },
  };
}
