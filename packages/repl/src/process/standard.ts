import { closeSync, openSync } from "node:fs";
import { isatty, type WriteStream } from "node:tty";

/** Which of standard input, output and error are a terminal when the process starts. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));
const losing = new AbortController();

/**
 * Aborted when a standard stream can no longer be used: its terminal was closed, the reader of its pipe is gone, or its disk
 * is full. Then nobody gets the output of what runs.
 */
export const lost: AbortSignal = losing.signal;

/**
 * Handles the errors of standard output and error from now on. Otherwise Node throws them, and reporting them fails for the
 * same reason, again and again.
 * @param failed called with the reason why nothing can be written, unless the reader is gone
 */
export function watchStandardStreams(failed: (error: NodeJS.ErrnoException) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!lost.aborted && !isGone(error, stream)) failed(error);
      loseStandardStreams();
    });
  }
  // A terminal may have been closed with nothing written since.
  process.once("exit", leaveClosedTerminals);
}

/** Aborts `lost`. */
export function loseStandardStreams(): void {
  leaveClosedTerminals();
  losing.abort();
}

function isGone({ code }: NodeJS.ErrnoException, { isTTY }: Partial<WriteStream>): boolean {
  return code === "EPIPE" || (code === "EIO" && isTTY === true);
}

/**
 * Puts `/dev/null` in place of a closed terminal. On exit, Node resets terminals as it found them, and aborts if it cannot; it
 * leaves a replaced one alone.
 */
function leaveClosedTerminals(): void {
  for (const fd of terminals.filter((fd) => !isatty(fd))) {
    closeSync(fd);
    // open takes the lowest free number. If another thread took it first, it is in use, which is as good.
    const opened = openSync("/dev/null", "r+");
    if (opened !== fd) closeSync(opened);
  }
  terminals.splice(0, terminals.length, ...terminals.filter((fd) => isatty(fd)));
}
