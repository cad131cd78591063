import { fileURLToPath } from "node:url";

import { type Child, type Outcome, run, start } from "../../../testing/programs.js";

const MAIN = fileURLToPath(new URL("../bin/rxbpf.cjs", import.meta.url));

/** The command line of `rxbpf`, for a shell or another command that becomes it. */
export function commandLine(...args: readonly string[]): [string, ...string[]] {
  return [process.execPath, MAIN, ...args];
}

/** Runs `rxbpf` to its end; it is ended after 20 seconds, with status 124. */
export function rxbpf(...args: readonly string[]): Promise<Outcome> {
  return runThrough([], ...args);
}

/** The same through a command that becomes it, such as `setpriv --reuid=1000`. */
export function runThrough(through: readonly string[], ...args: readonly string[]): Promise<Outcome> {
  return run("timeout", ["20", ...through, ...commandLine(...args)]);
}

/** Starts a probe and waits for its heading, which says that it is attached. */
export async function startProbe(...args: readonly string[]): Promise<Child> {
  const [command, ...rest] = commandLine(...args);
  const child = start(command, rest);
  await child.line();
  return child;
}
