import { closeSync, constants, fstatSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { lockFile } from "@rxbpf/core/system";

const PREFIX = "rxbpf-session-";
const NAME = new RegExp(`^${PREFIX}[A-Za-z0-9]{6}$`);

/**
 * Makes a temporary folder that only its user can read. This process keeps it locked as long as it lives, so that others know
 * that it is in use: folders of killed processes are removed by the next process that makes one. The caller removes it.
 */
export function temporaryFolder(): string {
  const path = lockedFolder();
  let locksHold = true;
  // Without locks, every folder looks abandoned, this one too.
  ifLeft(path, () => (locksHold = false));
  if (locksHold) for (const folder of foldersBeside(path)) ifLeft(folder, remove);
  return path;
}

function lockedFolder(): string {
  for (;;) {
    const path = mkdtempSync(join(tmpdir(), PREFIX));
    const fd = open(path);
    if (fd === undefined) continue;
    // Another process may have removed it before it was locked.
    if (lockFile(fd) && fstatSync(fd).nlink > 0) return path;
    closeSync(fd);
  }
}

function foldersBeside(path: string): string[] {
  return readdirSync(tmpdir())
    .filter((name) => NAME.test(name))
    .map((name) => join(tmpdir(), name))
    .filter((other) => other !== path);
}

/**
 * Acts on a folder that belongs to this user and that no process uses. It is locked meanwhile: a process that has just made it,
 * and comes second, sees that it is taken, or gone.
 */
function ifLeft(path: string, act: (path: string) => void): void {
  const fd = open(path);
  if (fd === undefined) return;
  try {
    if (fstatSync(fd).uid === process.getuid!() && lockFile(fd)) act(path);
  } finally {
    closeSync(fd);
  }
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** Undefined if it is gone, is not a folder, or belongs to another user. */
function open(path: string): number | undefined {
  const { O_DIRECTORY, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_DIRECTORY | O_NOFOLLOW);
  } catch {
    return undefined;
  }
}
