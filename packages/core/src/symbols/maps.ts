import { closeSync, openSync, readSync } from "node:fs";

/** An executable part of a process's memory: a line of /proc/PID/maps. */
export interface Region {
  readonly start: number;
  /** The address after the last byte. */
  readonly end: number;
  /** The offset of its first byte in the file. */
  readonly offset: number;
  /** The device as `maps` writes it, and the inode: `fe:00 339380`. Undefined if no file is mapped. */
  readonly inode: string | undefined;
  /**
   * The path in the process's mount namespace, such as `/usr/lib/libc.so.6`; a name in brackets, such as `[vdso]`; or
   * nothing.
   */
  readonly path: string;
}

/** How many bytes of `maps` are read, and how many regions with code are kept. */
const MOST_BYTES = 16 * 2 ** 20;
const MOST_REGIONS = 4096;

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/;

/**
 * The regions with code of a process's memory, by address.
 * @param folder `/proc/PID`, or another path to it
 * @throws Error if the process has ended, or if we may not inspect it
 */
export function readMaps(folder: string): Region[] {
  const regions: Region[] = [];
  for (const line of lines(`${folder}/maps`)) {
    const [, start, end, offset, device, inode, path] = LINE.exec(line) ?? [];
    if (start === undefined || regions.length === MOST_REGIONS) continue;
    regions.push({
      start: parseInt(start, 16),
      end: parseInt(end!, 16),
      offset: parseInt(offset!, 16),
      inode: inode === "0" ? undefined : `${device} ${inode}`,
      path: Buffer.from(path!, "latin1").toString(),
    });
  }
  return regions;
}

/** Lines with one character per byte, as a UTF-8 character could be cut between two reads. */
function* lines(path: string): Generator<string> {
  const chunk = Buffer.allocUnsafe(65_536);
  const fd = openSync(path, "r");
  try {
    let rest = "";
    for (let total = 0; total < MOST_BYTES;) {
      const length = readSync(fd, chunk, 0, chunk.length, null);
      if (length === 0) break;
      total += length;
      const text = rest + chunk.toString("latin1", 0, length);
      const whole = text.split("\n");
      rest = whole.pop()!;
      yield* whole;
    }
  } finally {
    closeSync(fd);
  }
}
