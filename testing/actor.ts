import { chmodSync } from "node:fs";

import { onTestFinished } from "vitest";

import { type Child, compile, start, temporaryFolder } from "./programs.js";

/** A process that makes socket calls on command: see sockets.c. */
export interface Actor {
  readonly pid: number;
  /** Makes a call and returns its result. @throws Error for an error number */
  call(...command: readonly (string | number)[]): Promise<number>;
  /** Makes a call that may fail; then the result is the negative error number. */
  attempt(...command: readonly (string | number)[]): Promise<number>;
  /** Starts a call that blocks. Returns a function that waits for its result. */
  begin(...command: readonly (string | number)[]): () => Promise<number>;
  kill(signal: NodeJS.Signals): void;
  /** Ends it with its sockets open, and waits for the end. */
  exit(): Promise<void>;
}

/**
 * Compiles the actors' program for the tests of a file. Returns a function that starts one, behind a command such as
 * `unshare -m`.
 */
export function actors(): (...before: readonly string[]) => Actor {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755); // some actors are other users
  const program = compile(new URL("sockets.c", import.meta.url), folder);
  return (...before) => {
    const [command, ...rest] = [...before, program];
    return actor(start(command!, rest));
  };
}

function actor(child: Child): Actor {
  // It must end before its cgroup and its network are removed.
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await child.ended().catch(() => {});
  });
  const answer = async (): Promise<number> => Number(await child.line());
  const send = (command: readonly (string | number)[]): void => child.write(command.join(" "));
  const attempt: Actor["attempt"] = (...command) => {
    send(command);
    return answer();
  };
  return {
    pid: child.pid,
    attempt,
    async call(...command) {
      const result = await attempt(...command);
      if (result < 0) throw new Error(`${command.join(" ")} failed with error ${-result}`);
      return result;
    },
    begin(...command) {
      send(command);
      return answer;
    },
    kill: (signal) => child.kill(signal),
    async exit() {
      send(["exit"]);
      await child.ended();
    },
  };
}
