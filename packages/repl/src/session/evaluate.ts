import { createRequire, isBuiltin } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";

import type { Lowered } from "./lower.js";
import { isInScope } from "./packages.js";

/**
 * Runs an input in the scope of the process, where what it declares stays.
 * @returns its value, or the promise of it that an input with `await` is
 * @throws what it throws; `ERR_SCRIPT_EXECUTION_INTERRUPTED` if SIGINT ended it while it ran without a pause
 */
export function evaluate({ code }: Lowered): unknown {
  return runInThisContext(code, {
    filename: "prompt",
    importModuleDynamically: (specifier) => import(resolve(specifier)),
    breakOnSigint: true,
  });
}

/** What an input imports is found in the folder that the prompt was started in; the packages in scope are always ours. */
function resolve(specifier: string): string {
  if (isBuiltin(specifier) || /^\w+:/.test(specifier)) return specifier;
  if (isInScope(specifier)) return import.meta.resolve(specifier);
  return pathToFileURL(createRequire(join(process.cwd(), "prompt")).resolve(specifier)).href;
}
