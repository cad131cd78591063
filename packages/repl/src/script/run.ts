import { statSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import { statuses } from "@rxbpf/core";
import { stateOf } from "@rxbpf/core/events";
import { take } from "rxjs";

import { endInOrder } from "../process/ending.js";
import { fail, FAILED } from "../process/exit.js";
import { watchForOverruns } from "../overrun/watch.js";
import { report } from "../process/run.js";
import { signals } from "../process/signals.js";
import { placeOf, shownPath } from "../typescript/files.js";
import { registerHooks } from "../typescript/importer.js";
import { passesCheck } from "./check.js";

export interface ScriptOptions {
  /** Whether to check types first, and run the script only if they are right. */
  readonly check?: boolean;
  /** Whether to show the whole stack of an error. */
  readonly stack?: boolean;
}

/** Depth of stacks: enough to find the script below the packages that it calls. */
const STACK_DEPTH = 100;

/**
 * Runs a TypeScript file as a module, in this process. The run ends when nothing is left to wait for. A signal, an error that the
 * script does not handle, or a reader of stdout that goes away ends its streams in good order.
 * @throws Error if there is no such file
 */
export async function runScript(
  script: string,
  args: readonly string[],
  { check = false, stack = false }: ScriptOptions,
): Promise<void> {
  const path = existing(script);
  let ending: Promise<void> | undefined;
  const end = (): void => void (ending ??= endInOrder());
  const failed = (error: unknown): void => {
    fail(error, placeOf(error));
    if (stack && error instanceof Error) console.error(error.stack);
    process.exitCode = FAILED;
    end();
  };
  signals().pipe(take(1)).subscribe(end);
  if (check && !passesCheck(path)) {
    process.exitCode = FAILED;
    return;
  }
  // A signal that came during the check is delivered now.
  await turn();
  if (ending) return;

  for (const unhandled of ["uncaughtException", "unhandledRejection"] as const) {
    process.removeAllListeners(unhandled); // the command's own handlers
    process.on(unhandled, (error: unknown) => {
      // A script with a listener of its own handles errors itself. Node's `domain`, which its prompt loads, only cleans up.
      const listeners = process.rawListeners(unhandled).filter(({ name }) => name !== "domainUncaughtExceptionClear");
      if (listeners.length === 1) failed(error);
    });
  }
  process.once("exit", report({ status: statuses }, { advice: "a larger ringBytes keeps more" }));
  begin(path, args, failed, () => ending !== undefined);
}

/** Starts the script. It ends when it leaves nothing to wait for. */
function begin(path: string, args: readonly string[], failed: (error: unknown) => void, isEnding: () => boolean): void {
  Error.stackTraceLimit = STACK_DEPTH;
  registerHooks();
  watchForOverruns();
  process.argv = [process.execPath, path, ...args];
  let done = false;
  import(pathToFileURL(path).href).then(() => (done = true), failed);
  process.once("beforeExit", () => {
    if (!done && !isEnding()) failed(new Error(`${shownPath(path)} awaits a promise that nothing can settle any more`));
  });
}

/** @throws Error if there is no such file */
function existing(script: string): string {
  try {
    if (statSync(script).isFile()) return resolve(script);
  } catch (cause) {
    throw new Error(`Cannot run ${script}: ${stateOf(cause)}`, { cause });
  }
  throw new Error(`Cannot run ${script}: it is not a file`);
}
