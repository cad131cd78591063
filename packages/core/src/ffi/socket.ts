import { closeSync, readSync, writeSync } from "node:fs";

import { check } from "./errno.js";
import { libc } from "./libc.js";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
/** Of the path in a struct sockaddr_un, with the NUL at its end. */
const MOST_PATH_BYTES = 108;

/**
 * Asks the server at a Unix socket, and waits for all that it answers until it closes: for what must be known before one goes on.
 * @param request what is written, once
 * @param most bytes of an answer
 * @param seconds the longest to wait for a part of it, and in all; a whole number
 * @throws BpfError where nobody listens; Error for an answer that is too long or too late
 */
export function askSocket(path: string, request: string, most: number, seconds: number): Buffer {
  const fail = (state: string): never => {
    throw new Error(`Cannot ask ${path}: ${state}`);
  };
  const name = Buffer.from(path);
  if (name.length >= MOST_PATH_BYTES) fail("the path is too long for a socket's");
  const address = Buffer.alloc(2 + MOST_PATH_BYTES);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  const fd = check("socket", libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  try {
    // struct timeval { long seconds; long microseconds; }
    const longest = new Uint8Array(BigInt64Array.of(BigInt(seconds), 0n).buffer);
    for (const which of [SO_RCVTIMEO, SO_SNDTIMEO])
      check("setsockopt", libc().setsockopt(fd, SOL_SOCKET, which, longest, longest.length));
    const until = performance.now() + seconds * 1000;
    uninterrupted(until, () => {
      check("connect", libc().connect(fd, address, address.length), `connect to ${path}`);
    });
    writeSync(fd, request);
    return readAll(fd, most, until, fail);
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number, most: number, until: number, fail: (state: string) => never): Buffer {
  const parts: Buffer[] = [];
  for (let bytes = 0; ;) {
    const part = Buffer.alloc(65_536);
    const read = uninterrupted(until, () => readSync(fd, part));
    if (read === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, read));
    bytes += read;
    if (bytes > most) fail(`its answer is longer than ${most} bytes`);
    if (performance.now() > until) fail("its answer takes too long");
  }
}

/** Calls again where a signal has interrupted a call. With a time limit the kernel does not by itself, and Node not for a read. */
function uninterrupted<T>(until: number, call: () => T): T {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EINTR" || performance.now() > until) throw error;
    }
  }
}
