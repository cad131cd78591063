import type { Btf } from "./btf/btf.js";
import type { BpfObject } from "./ffi/object.js";
import type { Receiver } from "./stream.js";

/** Asking the kernel for a program's misses is a system call; looking at our own counters is not. */
const ASK_EVERY_MS = 500;

interface Counter {
  readonly reason: string;
  /** Events lost since the start. */
  total(): number;
  reported: number;
}

/**
 * Watches an object's losses: its counters `lost_<reason>`, which it shares with us through its
 * `.bss`, and events at which the kernel could not run a program because it was running already
 * on that processor. Returns a function that tells the receiver what is new.
 */
export function losses(object: BpfObject, btf: Btf, receiver: Receiver<never>): () => void {
  const bss = object.variables(".bss");
  const counters: Counter[] = [...btf.variables()]
    .filter(([name, { section }]) => bss && section === ".bss" && name.startsWith("lost_"))
    .map(([name, { offset }]) => {
      const words = new Uint32Array(bss!.buffer, bss!.byteOffset + offset, 2);
      return {
        reason: name.slice("lost_".length).replaceAll("_", " "),
        total: () => words[1]! * 2 ** 32 + words[0]!,
        reported: 0,
      };
    });
  let misses = 0;
  let askAt = 0;
  counters.push({
    reason: "program busy",
    total: () => {
      if (performance.now() >= askAt) {
        misses = object.misses();
        askAt = performance.now() + ASK_EVERY_MS;
      }
      return misses;
    },
    reported: 0,
  });

  return () => {
    const time = performance.timeOrigin + performance.now();
    // All are read before anybody is told: who hears of a loss may leave, and the counters are gone.
    for (const { counter, total } of counters.map((counter) => ({ counter, total: counter.total() }))) {
      const count = total - counter.reported;
      counter.reported = total;
      if (count > 0) receiver.status({ type: "lost", time, count, total, reason: counter.reason });
    }
  };
}
