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
 * Starts a source: now or, if many start at once, in a later turn of the event loop, in the order of the calls.
 * @throws if it fails to start now; if it fails in a later turn, the receiver gets the error
 */
export function start<E>(source: Source<E>, receiver: Receiver<E>): Run {
  if (waiting.size === 0 && spent < TURN_MS) return timed(() => source(receiver));
  return startLater(source, receiver);
}

function startLater<E>(source: Source<E>, receiver: Receiver<E>): Run {
  let run: Run | undefined;
  /** Calls that were made before it had started. */
  const asked = { holds: 0, stop: false, close: false };
  const begin = (): void => {
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
  waiting.add(begin);
  return {
    stop() {
      if (run) run.stop();
      else if (waiting.delete(begin)) receiver.complete();
      else asked.stop = true;
    },
    close() {
      waiting.delete(begin);
      asked.close = true;
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
