import type { Hook } from "../ffi/attach.js";

/** A set of an object's programs that do a job together. */
export interface Variant {
  readonly programs: readonly string[];
  /** Programs whose misses are no losses: while one is interrupted, another of the set sees the event. */
  readonly interruptible?: readonly string[];
  /** Hooks of programs whose section does not name one. */
  readonly hooks?: Readonly<Record<string, readonly Hook[]>>;
  /** Events that the variants before it see and it does not, for a notice: `opens through io_uring`. */
  readonly lacks?: string;
}
