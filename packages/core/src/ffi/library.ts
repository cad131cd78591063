import koffi, { type LibraryHandle } from "koffi";

/**
 * Loads a shared library.
 * @throws Error that names the package to install, where the library is missing.
 */
export function loadLibrary(soname: string, debianPackage: string): LibraryHandle {
  try {
    return koffi.load(soname);
  } catch (cause) {
    throw new Error(
      `Cannot load ${soname}: it is not installed; on Debian and Ubuntu: apt-get install ${debianPackage}`,
      { cause },
    );
  }
}

/** Defers loading to the first use, so that importing a package needs no library. */
export function lazily<T>(load: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= load());
}
