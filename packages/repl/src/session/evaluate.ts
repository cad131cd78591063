import { runInThisContext, Script } from "node:vm";

import { type Importer, importerIn } from "../typescript/importer.js";
import { IMPORT, type Lowered } from "./lower.js";

let importer: Importer | undefined;

/**
 * Prepares this process to run inputs.
 * @param folder where imports of the inputs are resolved
 */
export async function prepare({ imports }: Lowered, folder: string): Promise<void> {
  if (!imports || importer) return;
  importer = await importerIn(folder);
  Object.defineProperty(globalThis, IMPORT, { value: importer });
}

/**
 * Runs an input in the global scope of the process, where its declarations stay.
 * @returns its value; for an input with `await`, a promise of its value
 * @throws what it throws; `ERR_SCRIPT_EXECUTION_INTERRUPTED` if SIGINT ended it while it ran without a pause
 */
export function evaluate({ code }: Lowered, filename: string): unknown {
  return runInThisContext(code, { filename, breakOnSigint: true });
}

const RUN = Symbol.for("rxbpf.run");
const running = new Script('globalThis[Symbol.for("rxbpf.run")]()');

/** Runs code so that SIGINT ends it as it does an input. @throws `ERR_SCRIPT_EXECUTION_INTERRUPTED` then */
export function interruptible(run: () => void): void {
  const slot = globalThis as { [RUN]?: () => void };
  // Such runs can be nested.
  const before = slot[RUN];
  slot[RUN] = run;
  try {
    running.runInThisContext({ breakOnSigint: before === undefined });
  } finally {
    if (before) slot[RUN] = before;
    else Reflect.deleteProperty(slot, RUN);
  }
}
