import { collectRuns, type StreamRun } from "@rxbpf/core/events";
import type { Observable } from "rxjs";

import { printLines } from "./lines.js";
import type { Output } from "./output.js";
import { View } from "./view.js";

/** A stream that is shown. */
export interface Showing {
  /** When it has ended and its last line is out. Rejects with the stream's error. */
  readonly done: Promise<void>;
  /**
   * Ends it in good order: what it attached is ended, and all that had happened before is still counted and shown. Asked
   * again, it ends at once.
   */
  stop(): void;
}

/** A stream that has not completed so long after its sources have is left. */
const GRACE_MS = 1000;

/**
 * Subscribes to a stream and shows it: on a terminal as a table that moves, of which as much is shown as a person can
 * read while all is counted; elsewhere as lines of text, all of them.
 */
export function show(stream: Observable<unknown>, output: Output): Showing {
  const attached: StreamRun[] = [];
  let end = (): void => {};
  const done = new Promise<void>((resolve, reject) => {
    const receiver = { complete: resolve, error: reject };
    const release = collectRuns(attached, () =>
      output.isTTY ? new View(stream, output).run(receiver) : printLines(stream, output, receiver),
    );
    end = () => {
      release();
      resolve();
    };
  });
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  return {
    done: done.finally(() => clearTimeout(timer)),
    stop() {
      if (stopping) return end();
      stopping = true;
      for (const one of attached) one.stop();
      void Promise.all(attached.map(({ ended }) => ended)).then(() => {
        timer = setTimeout(end, attached.length > 0 ? GRACE_MS : 0);
      });
    },
  };
}
