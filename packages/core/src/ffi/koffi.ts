import { createRequire } from "node:module";

import type koffi from "koffi";

/** koffi, as its types tell it. */
export type Koffi = typeof koffi;

let loaded: Koffi | undefined;

/**
 * The library through which all native code is called. It is loaded when something is first called, and may be missing:
 * what only reads recordings does without.
 * @throws Error where it is missing
 */
export function native(): Koffi {
  return (loaded ??= load());
}

/** Whether native code can be called. */
export function hasNative(): boolean {
  try {
    return Boolean(native());
  } catch {
    return false;
  }
}

function load(): Koffi {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    const [state] = (cause as Error).message.split("\n");
    const missing = (cause as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    const why = missing ? "it is not installed" : state;
    throw new Error(`Cannot load the npm package koffi, which calls the kernel: ${why}; run: npm install koffi`, {
      cause,
    });
  }
}
