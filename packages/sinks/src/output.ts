import { close, createWriteStream, ftruncateSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";

import { OutputFile, type OutputOptions } from "./files/output-file.js";

/** Where a sink writes: a path, or a stream such as `process.stdout`, which is left open. */
export type Target = string | Writable;

/** A target that can be written to. */
export interface Output {
  /** Its name in messages. */
  readonly name: string;
  /** The stream to write to. The first call creates the file. @throws Error if that fails */
  stream(): Writable;
  /** Cuts off a partial line after this many bytes, if possible. */
  cut(bytes: number): void;
  /** Removes the file, if it is one. */
  remove(): void;
  close(done: (error?: Error | null) => void): void;
}

/** Checks that a target can be written to, without touching a file. @throws Error if it cannot */
export function outputTo(target: Target, options?: OutputOptions): Output {
  if (typeof target === "string") return toPath(target, options);
  const leave = { cut: () => {}, remove: () => {}, close: (done: () => void) => done() };
  if (target !== process.stdout) return { name: "the stream", stream: () => target, ...leave };
  // If stdout is a file, Node's own stream ignores partial writes. If it is a pipe, it does not block.
  const stream = target instanceof Socket ? target : createWriteStream("", { fd: 1, autoClose: false });
  return { name: "stdout", stream: () => stream, ...leave };
}

function toPath(path: string, options?: OutputOptions): Output {
  const file = new OutputFile(path, options);
  const isPipe = file.kind === "pipe";
  let opened: { readonly fd: number; readonly stream: Writable } | undefined;
  const open = () => {
    const fd = file.open();
    const socket = () => new Socket({ fd, readable: false, writable: true });
    return { fd, stream: isPipe ? socket() : createWriteStream("", { fd, autoClose: false }) };
  };
  return {
    name: path,
    stream: () => (opened ??= open()).stream,
    cut(bytes) {
      try {
        if (opened) ftruncateSync(opened.fd, bytes);
      } catch {
        // A pipe or a device cannot be cut.
      }
    },
    remove: () => file.remove(),
    close(done) {
      file.close();
      if (!opened) done();
      else if (isPipe) opened.stream.once("close", () => done()).destroy();
      else close(opened.fd, done);
    },
  };
}
