import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { afterEach, beforeAll } from "vitest";

import build from "../../../testing/build.js";

const program = fileURLToPath(new URL("stdout-child.mjs", import.meta.url));

export interface Child extends ChildProcess {
  readonly exited: Promise<number | null>;
}

/** Lets the tests of a file start programs that write to their own stdout. Kills those that are left at the end. */
export function childProcesses(): (sink: string, script: string, stdout?: "pipe" | number) => Child {
  // The programs run outside of the test runner, so they need the compiled packages.
  beforeAll(build, 60_000);

  const children: Child[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });
  return (sink, script, stdout = "pipe") => {
    const child = spawn(process.execPath, [program, sink, script], {
      stdio: ["ignore", stdout, "pipe"],
    });
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const started: Child = Object.assign(child, { exited });
    children.push(started);
    return started;
  };
}
