import { constants } from "node:fs";

/** Access modes. They share two bits of open(2)'s flags, so each is a value, not a bit. */
export const ACCESS_MODES = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2 } as const;

/** Flags of open(2), each with the bit that distinguishes it from all others. */
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
  // These two include the bits of O_DSYNC and O_DIRECTORY, so each is told by its other bit.
  O_SYNC: 0o4000000,
  O_TMPFILE: 0o20000000,
  O_PATH: 0o10000000,
} as const;

export type OpenFlag = keyof typeof ACCESS_MODES | keyof typeof FLAGS;

/** The names of access modes and flags, in the order of listing. */
export const FLAG_NAMES = [...Object.keys(ACCESS_MODES), ...Object.keys(FLAGS)] as readonly OpenFlag[];

/** The value of a flag's name: an access mode, or a bit. */
export function meaningOf(name: OpenFlag): { readonly mode: number } | { readonly bit: number } {
  return name in ACCESS_MODES
    ? { mode: ACCESS_MODES[name as keyof typeof ACCESS_MODES] }
    : { bit: FLAGS[name as keyof typeof FLAGS] };
}
