import { createRequire } from "node:module";

import type koffi from "koffi";

import { adviceOn } from "../system-errors.js";

/** The type of koffi. */
export type Koffi = typeof koffi;

let loaded: Koffi | undefined;

/**
 * koffi, the library through which all native code is called. It is loaded at the first call, and may be missing if
 * recordings are only read.
 * @throws Error if it is missing
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
    const { code, message } = cause as NodeJS.ErrnoException;
    const missing = code === "MODULE_NOT_FOUND";
    const state = missing ? "it is not installed" : message.split("\n")[0];
    const advice = adviceOn(code) || "; run: npm install koffi";
    throw new Error(`Cannot load the npm package koffi, which calls the kernel: ${state}${advice}`, { cause });
  }
}
