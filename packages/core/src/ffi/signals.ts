import { constants } from "node:os";

import { hasNative } from "./koffi.js";
import { libc } from "./libc.js";

const SIG_SETMASK = 2;
/** Bytes of a `sigset_t`. */
const SET = 128;
const ALL = Buffer.alloc(SET, 0xff);

/** Runs `action` while signals to this thread wait: one that came would make the kernel give up verifying a program. */
export function withoutSignals<T>(action: () => T): T {
  const before = Buffer.alloc(SET);
  libc().pthread_sigmask(SIG_SETMASK, ALL, before);
  try {
    return action();
  } finally {
    libc().pthread_sigmask(SIG_SETMASK, before, null);
  }
}

/** Bytes of a `struct sigaction`: handler, mask, flags, restorer. */
const ACTION = 152;
const FLAGS_AT = 8 + SET;
const SA_RESETHAND = 0x8000_0000;
/** Handlers that are none: `SIG_DFL` and `SIG_IGN`. */
const DEFAULT = 0n;
const IGNORE = 1n;

/**
 * Lets the second of each of these signals end the process, although it listens to them; for when it does not come to
 * hear of the first. Returns what undoes it. Without koffi it does nothing.
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
      // Who set another handler meanwhile knows better.
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
