import type { LibraryHandle } from "koffi";

import { adviceOn } from "../system-errors.js";
import { native } from "./koffi.js";

/**
 * Loads a shared library.
 * @throws Error that names the package to install if the library is missing
 */
export function loadLibrary(soname: string, debianPackage: string): LibraryHandle {
  const koffi = native();
  try {
    return koffi.load(soname);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^Failed to load shared library: /, "");
    const advice = /too many open files/i.test(reason)
      ? adviceOn("EMFILE")
      : `; on Debian and Ubuntu: apt-get install ${debianPackage}`;
    throw new Error(`Cannot load ${soname}: ${reason}${advice}`, { cause });
  }
}

/** Defers loading to the first use, so that importing a package needs no library. */
export function lazily<T>(load: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= load());
}
