import { close, constants, createWriteStream, ftruncateSync, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { getSystemErrorMap } from "node:util";

/** Where a sink writes: a path, or a stream such as `process.stdout`, which is left open. */
export type Target = string | Writable;

/** An open target. */
export interface Output {
  /** What messages call it. */
  readonly name: string;
  readonly stream: Writable;
  /** Takes back the part of a line after this many bytes, where that can be. */
  cut(bytes: number): void;
  close(done: (error?: Error | null) => void): void;
}

/** @throws Error where the target cannot be opened */
export function openOutput(target: Target): Output {
  if (typeof target === "string") return openPath(target);
  const leave = { cut: () => {}, close: (done: () => void) => done() };
  if (target !== process.stdout) return { name: "the stream", stream: target, ...leave };
  // For a file Node's own stdout ignores that only a part was written. For a pipe it does not block.
  const stream = target instanceof Socket ? target : createWriteStream("", { fd: 1, autoClose: false });
  return { name: "stdout", stream, ...leave };
}

function openPath(path: string): Output {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
  try {
    if (!statSync(path, { throwIfNoEntry: false })?.isFIFO()) {
      const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
      return {
        name: path,
        stream: createWriteStream("", { fd, autoClose: false }),
        cut: (bytes) => cutFile(fd, bytes),
        close: (done) => close(fd, done),
      };
    }
    // A pipe with a name, or a shell's `>(command)`.
    const stream = new Socket({
      fd: openSync(path, O_WRONLY | O_NONBLOCK),
      readable: false,
      writable: true,
    });
    return {
      name: path,
      stream,
      cut: () => {},
      close: (done) => stream.once("close", () => done()).destroy(),
    };
  } catch (error) {
    throw writeError(path, error as NodeJS.ErrnoException);
  }
}

function cutFile(fd: number, bytes: number): void {
  try {
    ftruncateSync(fd, bytes);
  } catch {
    // A device keeps what it has taken.
  }
}

/** What to say when writing to what messages call `name` has failed. */
export function writeError(name: string, error: NodeJS.ErrnoException): Error {
  if (error.code === "ENXIO") return new Error(`Cannot write to ${name}: no process reads it`, { cause: error });
  const [, state] = getSystemErrorMap().get(error.errno ?? 0) ?? ["", error.message];
  return new Error(`Cannot write to ${name}: ${state}`, { cause: error });
}
