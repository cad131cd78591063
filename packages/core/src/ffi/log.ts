import { native } from "./koffi.js";
import { libbpf, printCallback } from "./libbpf.js";
import { lazily } from "./library.js";
import { libc } from "./libc.js";

const LIBBPF_DEBUG = 2;
/**
 * The longest message: libbpf lets the verifier write 16 MiB and prints them at once. Memory that is never written to
 * takes no room.
 */
const LONGEST = (16 << 20) + 4096;
const lines: string[] = [];

/** Captures what libbpf would otherwise print to stderr. */
const capture = lazily(() => {
  // Allocated only for the first message, as V8 collects garbage for large buffers.
  const message = lazily(() => Buffer.alloc(LONGEST));
  const print = native().register((level: number, format: bigint, args: bigint) => {
    if (level < LIBBPF_DEBUG) {
      const buffer = message();
      const length = libc().vsnprintf(buffer, buffer.length, format, args);
      lines.push(buffer.toString("utf8", 0, Math.min(Math.max(length, 0), buffer.length - 1)));
    }
    return 0;
  }, printCallback());
  libbpf().libbpf_set_print(print);
  return true;
});

/** Runs `action` and returns its result, and what libbpf printed meanwhile. */
export function withLog<T>(action: () => T): { result: T; log: string } {
  capture();
  lines.length = 0;
  const result = action();
  return { result, log: lines.join("") };
}
