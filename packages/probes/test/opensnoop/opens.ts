import type { OpenEvent } from "@rxbpf/probes";

import { type Child, start } from "../../../../testing/programs.js";

/** What programs/opens.c tells of a call. */
export interface Report extends Pick<
  OpenEvent,
  "path" | "flags" | "mode" | "ret" | "pid" | "tid" | "ppid" | "uid" | "comm"
> {
  readonly call: "open" | "openat" | "openat2" | "creat";
}

/** programs/opens.c, which has told its ids and waits to be let. */
export interface Opens extends Child {
  readonly secondTid: number;
  /** Lets it open its files, waits for its end, and gives what it tells. */
  open(): Promise<Report[]>;
}

/** Starts programs/opens.c in a folder. `through` is a command that becomes it, such as `unshare -m`. */
export async function startOpens(executable: string, folder: string, through: readonly string[] = []): Promise<Opens> {
  const [command, ...args] = [...through, executable, folder];
  const child = start(command!, args);
  const [pid, secondTid] = (await child.line()).split(" ").map(Number);
  return {
    ...child,
    pid: pid!,
    secondTid: secondTid!,
    async open() {
      child.write("go");
      const reports: Report[] = [];
      for await (const line of child.lines()) reports.push(JSON.parse(line) as Report);
      await child.ended();
      return reports;
    },
  };
}
