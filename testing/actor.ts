import { chmodSync } from "node:fs";

import { onTestFinished } from "vitest";

import { type Child, compile, start, temporaryFolder } from "./programs.js";

/** A process that makes the socket calls that it is told to: see sockets.c. */
export interface Actor {
  readonly pid: number;
  /** Makes a call and gives what it returned. @throws Error for an error number */
  call(...command: readonly (string | number)[]): Promise<number>;
  /** Makes a call that may fail; its result is then the negative error number. */
  attempt(...command: readonly (string | number)[]): Promise<number>;
  /** Gives a call that blocks, and returns before its result. */
  begin(...command: readonly (string | number)[]): () => Promise<number>;
  kill(signal: NodeJS.Signals): void;
  /** Ends it, its sockets open, and waits for that. */
  exit(): Promise<void>;
}

/** Compiles the actors' program, for the tests of a file. Gives what starts one, behind a command such as `unshare -m`. */
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
  // Gone before the cgroup and the network that it is in are removed.
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
