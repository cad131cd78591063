import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { onTestFinished } from "vitest";

/** A shell that waits for commands: a process outside the tracer that acts for a test. */
export interface Shell {
  readonly pid: number;
  /** Runs a shell command to its end and returns its output, stdout and stderr. */
  run(line: string): Promise<string>;
  /** Moves the shell, and so its later children, into a cgroup. */
  enter(cgroup: string): void;
  end(): Promise<void>;
}

/** Starts a shell, which ends with the test. `["unshare", "-m", "bash"]` starts one in a mount namespace of its own. */
export async function startShell(command: readonly [string, ...string[]] = ["bash"]): Promise<Shell> {
  const child = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  const shell: Shell = {
    pid: child.pid ?? 0,
    async run(line) {
      const end = `end-${Math.random()}`;
      child.stdin.write(`{ ${line}\n} 2>&1\necho; echo ${end}\n`);
      let output = "";
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`The shell ended in: ${line}`);
        if (value === end) return output.trim();
        output += `${value}\n`;
      }
    },
    enter: (cgroup) => writeFileSync(`${cgroup}/cgroup.procs`, String(child.pid)),
    async end() {
      child.stdin.end();
      await exited;
    },
  };
  onTestFinished(() => shell.end());
  await shell.run("true");
  return shell;
}
