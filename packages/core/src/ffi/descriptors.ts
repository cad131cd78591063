import { closeSync, openSync } from "node:fs";

import { BpfError } from "../errors.js";
import { stateOf } from "../system-errors.js";

/** What libbpf opens besides maps, programs and links, at once. */
const MORE = 8;

/**
 * Makes sure that so many files can be opened to load an object. Where they cannot, libbpf finds that the kernel has none of the features that it
 * tries, and remembers that as long as the process runs.
 * @throws BpfError
 */
export function requireDescriptors(name: string, count: number): void {
  const opened: number[] = [];
  try {
    while (opened.length < count + MORE) opened.push(openSync("/dev/null", "r"));
  } catch (error) {
    const { code = "", errno = 0 } = error as NodeJS.ErrnoException;
    throw new BpfError(`Cannot load ${name}: ${code}: ${stateOf(error)}`, "open", -errno, code);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}
