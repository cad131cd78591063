import { type StreamRun, runs } from "@rxbpf/core/events";
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

/** How often it is looked whether what is ended has delivered all. */
const LOOK_MS = 20;
/** A stream that has not completed so long after its sources have is left. */
const GRACE_MS = 1000;

/**
 * Subscribes to a stream and shows it: on a terminal as a table that moves, of which as much is shown as a person can
 * read while all is counted; elsewhere as lines of text, all of them.
 */
export function show(stream: Observable<unknown>, output: Output): Showing {
  const before = new Set(runs());
  let attached: readonly StreamRun[] = [];
  let end = (): void => {};
  const done = new Promise<void>((resolve, reject) => {
    const receiver = { complete: resolve, error: reject };
    const release = output.isTTY ? new View(stream, output).run(receiver) : printLines(stream, output, receiver);
    attached = runs().filter((one) => !before.has(one));
    end = () => {
      release();
      resolve();
    };
  });
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const running = runs();
    timer = attached.some((one) => running.includes(one))
      ? setTimeout(wait, LOOK_MS)
      : setTimeout(end, attached.length > 0 ? GRACE_MS : 0);
  };
  return {
    done: done.finally(() => clearTimeout(timer)),
    stop() {
      if (timer) return end();
      for (const one of attached) one.stop();
      wait();
    },
  };
}
