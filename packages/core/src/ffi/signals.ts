import { constants } from "node:os";

import { hasNative } from "./koffi.js";
import { libc } from "./libc.js";

const SIG_SETMASK = 2;
/** The size of a `sigset_t`, in bytes. */
const SET = 128;
const ALL = Buffer.alloc(SET, 0xff);

/**
 * Runs `action` with the signals of this thread blocked: a signal would make the kernel give up verifying a program.
 */
export function withoutSignals<T>(action: () => T): T {
  const before = Buffer.alloc(SET);
  libc().pthread_sigmask(SIG_SETMASK, ALL, before);
  try {
    return action();
  } finally {
    libc().pthread_sigmask(SIG_SETMASK, before, null);
  }
}

/** The size of a `struct sigaction` in bytes: handler, mask, flags, restorer. */
const ACTION = 152;
const FLAGS_AT = 8 + SET;
const SA_RESETHAND = 0x8000_0000;
/** `SIG_DFL` and `SIG_IGN`, which stand for no handler. */
const DEFAULT = 0n;
const IGNORE = 1n;

/**
 * Lets the second occurrence of each of these signals end the process, although it listens to them, in case it is too
 * busy to hear the first. Returns a function that undoes this. Does nothing without koffi.
 */
export function endAtSecond(signals: readonly NodeJS.Signals[]): () => void {
  if (!hasNative()) return () => {};
  const changed = signals.flatMap((name) => {
    const signal = constants.signals[name];
    const before = actionOf(signal);
    if (handlerOf(before) === DEFAULT || handlerOf(before) === IGNORE) return [];
    const once = Buffer.from(before);
    once.writeUInt32LE((once.readUInt32LE(FLAGS_AT) | SA_RESETHAND) >>> 0, FLAGS_AT);
    libc().sigaction(signal, once, null);
    return [{ signal, before }];
  });
  return () => {
    for (const { signal, before } of changed) {
      // Leave a handler that somebody else has set meanwhile.
      const handler = handlerOf(actionOf(signal));
      if (handler === DEFAULT || handler === handlerOf(before)) libc().sigaction(signal, before, null);
    }
  };
}

function actionOf(signal: number): Buffer {
  const action = Buffer.alloc(ACTION);
  libc().sigaction(signal, null, action);
  return action;
}

function handlerOf(action: Buffer): bigint {
  return action.readBigUInt64LE(0);
}
