import { closeSync, openSync } from "node:fs";
import { isatty, type WriteStream } from "node:tty";

/** Those of standard input, output and error that are a terminal when the process begins. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));
const losing = new AbortController();

/**
 * Aborted when a standard stream can no longer be used: its terminal was closed, the reader of its pipe has gone, or its
 * disk is full. Nobody is left then who wants what runs.
 */
export const lost: AbortSignal = losing.signal;

/**
 * Handles the errors of standard output and error from now on. Without that they are thrown, and what tells of them
 * fails for the same reason, again and again.
 * @param failed told why nothing can be written, unless it is that nobody is there to read it
 */
export function watchStandardStreams(failed: (error: NodeJS.ErrnoException) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!lost.aborted && !isGone(error, stream)) failed(error);
      loseStandardStreams();
    });
  }
  // A terminal may have been closed and nothing written since.
  process.once("exit", leaveClosedTerminals);
}

/** Tells who listens to `lost`. */
export function loseStandardStreams(): void {
  leaveClosedTerminals();
  losing.abort();
}

function isGone({ code }: NodeJS.ErrnoException, { isTTY }: Partial<WriteStream>): boolean {
  return code === "EPIPE" || (code === "EIO" && isTTY === true);
}

/**
 * Puts `/dev/null` in the place of a terminal that was closed. When it ends, Node sets terminals back as it found them, and
 * aborts where it cannot; it leaves alone what has been replaced.
 */
function leaveClosedTerminals(): void {
  for (const fd of terminals.filter((fd) => !isatty(fd))) {
    closeSync(fd);
    // The lowest that is free, unless a thread was faster: then the number is in good hands too.
    const opened = openSync("/dev/null", "r+");
    if (opened !== fd) closeSync(opened);
  }
  terminals.splice(0, terminals.length, ...terminals.filter((fd) => isatty(fd)));
}
