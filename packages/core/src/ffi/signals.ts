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
