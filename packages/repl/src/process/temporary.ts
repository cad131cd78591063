import { closeSync, constants, fstatSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { lockFile } from "@rxbpf/core/system";

const PREFIX = "rxbpf-session-";
const NAME = new RegExp(`^${PREFIX}[A-Za-z0-9]{6}$`);

/**
 * Makes a temporary folder, for its user only. This process keeps it locked as long as it lives, and so tells others that it is in use:
 * what processes have left that were killed is removed by the next that makes one. The caller removes it.
 */
export function temporaryFolder(): string {
  const path = lockedFolder();
  // Where there are no locks all look as if they were left, this one too.
  const left = isLeft(path) ? [] : foldersBeside(path).filter(isLeft);
  for (const folder of left) rmSync(folder, { recursive: true, force: true });
  return path;
}

function lockedFolder(): string {
  for (;;) {
    const path = mkdtempSync(join(tmpdir(), PREFIX));
    const fd = open(path);
    if (fd === undefined) continue;
    // Another may have found it before it was locked.
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

/** Whether a folder is ours and nobody uses it. */
function isLeft(path: string): boolean {
  const fd = open(path);
  if (fd === undefined) return false;
  try {
    return fstatSync(fd).uid === process.getuid!() && lockFile(fd);
  } finally {
    closeSync(fd);
  }
}

/** Undefined where it is gone, is none, or somebody else's. */
function open(path: string): number | undefined {
  const { O_DIRECTORY, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_DIRECTORY | O_NOFOLLOW);
  } catch {
    return undefined;
  }
}
