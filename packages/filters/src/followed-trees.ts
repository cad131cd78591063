import { readFileSync } from "node:fs";

import { type BpfMap, load, type Loaded, losses, type ObjectSpec } from "@rxbpf/core/bpf";

import type { MachineIds } from "./machine-ids.js";
import type { Selector } from "./selectors.js";

/** How many trees there can be. */
const MOST = 64;
/** How often all threads are looked at, at most: once for each process in a row whose id is lower than its parent's. */
const PASSES = 1_000;
/** How often to look whether a thread could not be marked. */
const LOOK_MS = 1_000;

const spec: ObjectSpec = {
  name: "what follows trees of processes",
  bytes: () => readFileSync(new URL("../bpf/follow_tree.bpf.o", import.meta.url)),
  variants: [{ programs: ["forked", "members"] }],
};

/**
 * The processes that selectors choose with all that they start, marked in the kernel for a trace that is narrowed to them. A
 * new one is marked before it runs. What was started before is marked where its parents are still there.
 */
export class FollowedTrees {
  readonly selectors: readonly Selector[];
  readonly #loaded: Loaded;
  readonly #looking: NodeJS.Timeout;

  /**
   * Needs kernel 5.12, CAP_BPF and CAP_PERFMON. The caller closes it.
   * @param tell gets lines for a person
   * @throws Error for a process that there is not; NotSupportedError, BpfError
   */
  constructor(selectors: readonly Selector[], ids: MachineIds, tell: (message: string) => void) {
    if (selectors.length > MOST)
      throw new Error(`Cannot trace ${selectors.length} trees of processes: ${MOST} at most`);
    this.selectors = selectors;
    const roots = ids.processIdentities(ids.processes(selectors.map(({ word }) => Number(word))));
    this.#loaded = load(spec, { constants: { roots, roots_count: roots.length } });
    const status = ({ type }: { readonly type: string }): void => {
      if (type === "lost") tell("not all of the tree is traced: the kernel lacked memory to mark a new process");
    };
    const look = losses(this.#loaded, { batch() {}, status, complete() {}, error() {} });
    this.#looking = setInterval(look, LOOK_MS).unref();
    this.#markAll(tell);
  }

  /** Marks those that are there already. */
  #markAll(tell: (message: string) => void): void {
    for (let pass = 0; pass < PASSES; pass++) if (this.#loaded.object.runIterator("members").length === 0) return;
    tell("not all of the tree is traced: it is too deep");
  }

  /** The marks, as a trace's `tree_members`. */
  get map(): BpfMap {
    return this.#loaded.object.map("tree_members");
  }

  /** Ends it. A trace that is narrowed to it hears of new processes no more. */
  close(): void {
    clearInterval(this.#looking);
    this.#loaded.object.close();
  }
}
