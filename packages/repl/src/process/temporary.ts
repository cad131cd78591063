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
  // Without locks, every folder looks abandoned, this one too.
  const left = isLeft(path) ? [] : foldersBeside(path).filter(isLeft);
  for (const folder of left) rmSync(folder, { recursive: true, force: true });
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

/** Whether a folder belongs to this user and no process uses it. */
function isLeft(path: string): boolean {
  const fd = open(path);
  if (fd === undefined) return false;
  try {
    return fstatSync(fd).uid === process.getuid!() && lockFile(fd);
  } finally {
    closeSync(fd);
  }
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
