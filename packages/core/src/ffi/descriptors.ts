import { closeSync, openSync } from "node:fs";

import { BpfError } from "../errors.js";
import { stateOf } from "../system-errors.js";

/** How many more descriptors libbpf opens at once, besides those of maps, programs and links. */
const MORE = 8;

/**
 * Checks that enough files can be opened to load an object. Otherwise libbpf's feature tests would all fail, and it
 * would remember for the life of the process that the kernel has none of these features.
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
