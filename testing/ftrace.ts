import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync } from "node:fs";
import path from "node:path";

import { onTestFinished } from "vitest";

import { uniqueName } from "./kernel-objects.js";

/** Makes an instance of ftrace for a test and returns its directory. */
export function makeFtrace(folder: string): string {
  const mount = mkdtempSync(path.join(folder, "tracefs-"));
  execFileSync("mount", ["-t", "tracefs", "tracefs", mount]);
  const instance = path.join(mount, "instances", uniqueName());
  mkdirSync(instance);
  onTestFinished(() => {
    rmdirSync(instance);
    execFileSync("umount", [mount]);
  });
  return instance;
}
