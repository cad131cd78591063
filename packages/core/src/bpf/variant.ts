import type { Hook } from "../ffi/attach.js";

/** A set of an object's programs that does a job together. */
export interface Variant {
  readonly programs: readonly string[];
  /** Those of the programs that lose nothing when they are interrupted: another of them sees what comes then. */
  readonly interruptible?: readonly string[];
  /** Where programs are attached whose section does not say it. */
  readonly hooks?: Readonly<Record<string, readonly Hook[]>>;
  /** What events it cannot see that the variants before it can, for a notice: `opens through io_uring`. */
  readonly lacks?: string;
}
