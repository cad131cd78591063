import koffi, { type LibraryHandle } from "koffi";

/**
 * Loads a shared library.
 * @throws Error that names the package to install, where the library is missing.
 */
export function loadLibrary(soname: string, debianPackage: string): LibraryHandle {
  try {
    return koffi.load(soname);
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^Failed to load shared library: /, "");
    throw new Error(`Cannot load ${soname}: ${reason}; on Debian and Ubuntu: apt-get install ${debianPackage}`, {
      cause,
    });
  }
}

/** Defers loading to the first use, so that importing a package needs no library. */
export function lazily<T>(load: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= load());
}
