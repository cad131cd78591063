import { constants } from "node:fs";

/** Access modes; open(2) keeps them in two bits, so each is a value and not a bit. */
export const ACCESS_MODES = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2 } as const;

/** Flags of open(2), each by the bit that tells it from all others. */
export const FLAGS = {
  O_CREAT: constants.O_CREAT,
  O_EXCL: constants.O_EXCL,
  O_NOCTTY: constants.O_NOCTTY,
  O_TRUNC: constants.O_TRUNC,
  O_APPEND: constants.O_APPEND,
  O_NONBLOCK: constants.O_NONBLOCK,
  O_NDELAY: constants.O_NONBLOCK,
  O_DSYNC: constants.O_DSYNC,
  O_ASYNC: 0o20000,
  O_DIRECT: constants.O_DIRECT,
  O_DIRECTORY: constants.O_DIRECTORY,
  O_NOFOLLOW: constants.O_NOFOLLOW,
  O_NOATIME: constants.O_NOATIME,
  O_CLOEXEC: 0o2000000,
  // These two contain O_DSYNC and O_DIRECTORY, which alone do not make them.
  O_SYNC: 0o4000000,
  O_TMPFILE: 0o20000000,
  O_PATH: 0o10000000,
} as const;

export type OpenFlag = keyof typeof ACCESS_MODES | keyof typeof FLAGS;

/** Their names, in the order in which they are listed. */
export const FLAG_NAMES = [...Object.keys(ACCESS_MODES), ...Object.keys(FLAGS)] as readonly OpenFlag[];

/** What a flag's name means: an access mode, or a bit. */
export function meaningOf(name: OpenFlag): { readonly mode: number } | { readonly bit: number } {
  return name in ACCESS_MODES
    ? { mode: ACCESS_MODES[name as keyof typeof ACCESS_MODES] }
    : { bit: FLAGS[name as keyof typeof FLAGS] };
}
