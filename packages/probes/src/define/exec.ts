import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";

import type { Source } from "@rxbpf/core/events";

/**
 * A source that runs a command and ends when it does. The command's process waits, before it
 * becomes the command, until the source of its pid has started, so that nothing of it is missed.
 * Where the source ends first, the command goes on, and nothing here waits for it.
 * @param source makes the source for the command's process id
 */
export function aroundCommand<E>(command: readonly string[], source: (pid: number) => Source<E>): Source<E> {
  return (receiver) => {
    // The shell keeps its process id when it becomes the command, and descriptor 3 from it.
    const child = spawn("/bin/sh", ["-c", 'read -r _ <&3 && exec 3<&- && exec "$@"', "sh", ...command], {
      stdio: ["inherit", "inherit", "inherit", "pipe"],
    });
    if (child.pid === undefined) throw new Error(`Cannot run ${command[0]}: no shell could be started`);
    const start = gate(child);
    try {
      const connection = source(child.pid)(receiver);
      const ended = (status: number | null, signal: NodeJS.Signals | null): void => {
        const how = signal ? `was ended by ${signal}` : `ended with status ${status}`;
        if (status !== 0) receiver.status({ type: "notice", message: `${command[0]} ${how}` });
        connection.stop();
      };
      child.once("exit", ended);
      start.end("\n");
      return {
        ...connection,
        close() {
          child.off("exit", ended).unref();
          connection.close();
        },
      };
    } catch (error) {
      start.destroy(); // the shell reads nothing and ends
      throw error;
    }
  };
}

function gate(child: ChildProcess): Writable {
  const pipe = child.stdio[3] as Writable;
  pipe.on("error", () => {}); // the shell was killed: its exit says so
  return pipe;
}
