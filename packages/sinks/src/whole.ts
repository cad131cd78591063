import type { Writable } from "node:stream";

import { writeError } from "./files/errors.js";
import type { OutputOptions } from "./files/output-file.js";
import { outputTo, type Target } from "./output.js";

/** Writes bytes, and waits until they are written. @throws Error if they cannot be */
export type Put = (bytes: Uint8Array) => Promise<void>;

/**
 * Writes a file that is useless without its end: if `write` fails, no file is left.
 * @param target a path, where a file with mode 0600 is created once `write` puts something; or a stream, which is left open
 * @throws Error if it cannot be written; else what `write` throws
 */
export async function writeWhole<T>(
  target: Target,
  options: OutputOptions,
  write: (put: Put) => Promise<T>,
): Promise<T> {
  const output = outputTo(target, options);
  const ignore = (): void => {}; // the write's callback gets the error
  let stream: Writable | undefined;
  try {
    return await write((bytes) => {
      stream ??= output.stream().on("error", ignore);
      return put(output.name, stream, bytes);
    });
  } catch (error) {
    output.remove();
    throw error;
  } finally {
    await new Promise<unknown>((resolve) => output.close(resolve));
    stream?.off("error", ignore);
  }
}

function put(name: string, stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(writeError(name, error)) : resolve()));
  });
}

/** Checks that a file can be written, and touches nothing. @throws Error if it cannot */
export function checkTarget(path: string, options: OutputOptions): void {
  outputTo(path, options).close(() => {});
}
