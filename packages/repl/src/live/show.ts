import type { Key } from "node:readline";

import { collectRuns, type StreamRun } from "@rxbpf/core/events";
import { isScreen } from "@rxbpf/sinks";
import type { Observable } from "rxjs";

import { printLines } from "./lines.js";
import type { Output } from "./output.js";
import { View } from "./view.js";

/** A stream that is shown. */
export interface Showing {
  /** Resolves when it has ended and its last line is written. Rejects with the stream's error. */
  readonly done: Promise<void>;
  /**
   * Ends it in good order: ends what it attached, and still counts and shows all that happened before. A second call ends it at
   * once.
   */
  stop(): void;
  /** Takes a key, if what is shown has a use for keys. Returns whether it did. */
  press(key: Key): boolean;
}

/** If a stream has not completed this long after its sources, it is left. */
const GRACE_MS = 1000;

/**
 * Subscribes to a stream and shows it. On a terminal it is a moving table that shows as many events as a person can read, and
 * counts all. Elsewhere, every event is a line of text.
 * @param hasKeys whether keys are passed on to `press`
 */
export function show(stream: Observable<unknown>, output: Output, { hasKeys = false } = {}): Showing {
  const view = isScreen(output) ? new View(stream, output, hasKeys ? { quit: () => stop() } : {}) : undefined;
  const attached: StreamRun[] = [];
  let end = (): void => {};
  const done = new Promise<void>((resolve, reject) => {
    const receiver = { complete: resolve, error: reject };
    const release = collectRuns(attached, () => (view ? view.run(receiver) : printLines(stream, output, receiver)));
    end = () => {
      release();
      resolve();
    };
  });
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (stopping) return end();
    stopping = true;
    for (const one of attached) one.stop();
    void Promise.all(attached.map(({ ended }) => ended)).then(() => {
      timer = setTimeout(end, attached.length > 0 ? GRACE_MS : 0);
    });
  };
  return { done: done.finally(() => clearTimeout(timer)), stop, press: (key) => view?.press(key) ?? false };
}
