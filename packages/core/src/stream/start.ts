import type { Run, Receiver, Source } from "./source.js";

/**
 * Loading a program blocks the event loop for tens of milliseconds. After this long in one turn, other work gets a
 * turn.
 */
const TURN_MS = 100;

/** Milliseconds spent on starting sources in this turn of the event loop. */
let spent = 0;
const waiting = new Set<() => void>();

/**
 * Starts a source: now or, if many start at once, in a later turn of the event loop, in the order of the calls; if it
 * must be prepared, once it is.
 * @throws if it fails to start now; if it fails later, the receiver gets the error
 */
export function start<E>(source: Source<E>, receiver: Receiver<E>): Run {
  const { prepare } = source;
  if (prepare)
    return startLater(receiver, (begin, fail) => {
      prepare().then((prepared) => timed(() => begin(prepared)), fail);
      return () => {};
    });
  if (waiting.size === 0 && spent < TURN_MS) return timed(() => source(receiver));
  return startLater(receiver, (begin) => {
    const now = (): void => begin(source);
    waiting.add(now);
    return () => waiting.delete(now);
  });
}

/** @param schedule arranges that a source begins, later, or fails; it returns a function that cancels that */
function startLater<E>(
  receiver: Receiver<E>,
  schedule: (begin: (source: Source<E>) => void, fail: (error: unknown) => void) => () => void,
): Run {
  let run: Run | undefined;
  let begun = false;
  /** Calls that were made before it had started. */
  const asked = { holds: 0, stop: false, close: false };
  const fail = (error: unknown): void => {
    if (!asked.close) receiver.error(error);
  };
  const begin = (source: Source<E>): void => {
    if (asked.close) return;
    begun = true;
    try {
      run = source(receiver);
    } catch (error) {
      return receiver.error(error);
    }
    // It may deliver while it starts, and its receiver may then close it.
    if (asked.close) return run.close();
    while (asked.holds-- > 0) run.hold();
    if (asked.stop) run.stop();
  };
  const cancel = schedule(begin, fail);
  return {
    stop() {
      if (run) return run.stop();
      asked.stop = true;
      if (begun || asked.close) return;
      asked.close = true;
      cancel();
      receiver.complete();
    },
    close() {
      asked.close = true;
      cancel();
      run?.close();
    },
    hold: () => (run ? run.hold() : asked.holds++),
    release: () => (run ? run.release() : asked.holds--),
  };
}

function timed<T>(action: () => T): T {
  if (spent === 0) setImmediate(nextTurn);
  const before = performance.now();
  try {
    return action();
  } finally {
    // Never 0, which means that no turn was asked for.
    spent += Math.max(performance.now() - before, Number.EPSILON);
  }
}

function nextTurn(): void {
  spent = 0;
  for (const begin of waiting) {
    if (spent >= TURN_MS) return;
    waiting.delete(begin);
    timed(begin);
  }
}
