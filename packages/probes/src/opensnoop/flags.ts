import { constants } from "node:fs";

/** Access modes; open(2) keeps them in two bits, so each is a value and not a bit. */
export const ACCESS_MODES: Readonly<Record<string, number>> = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2 };

/** Flags of open(2), each by the bit that tells it from all others. */
export const FLAGS: Readonly<Record<string, number>> = {
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
};
