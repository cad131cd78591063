import { type OpenEvent, opensnoop } from "@rxbpf/probes";
import { expect } from "vitest";

import { type Child, compile, type Outcome, run, start } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";

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

/** What a command opened, and what it printed. */
export interface Opened {
  readonly events: readonly OpenEvent[];
  readonly lines: readonly string[];
}

/** Compiles programs/openat.c into a folder and gives what runs it while a stream is attached. */
export function openats(folder: string) {
  const program = compile(new URL("programs/openat.c", import.meta.url), folder);
  const hex = (name: string | Buffer): string => (name === "@" ? "@" : Buffer.from(name).toString("hex"));

  /** What an action opens through that program, less what its loader opens and where it looks at descriptors. */
  async function opensOf(options: Parameters<typeof opensnoop>[0], action: () => Promise<Outcome>): Promise<Opened> {
    const recording = await record(opensnoop({ ringBytes: 4 << 20, ...options }));
    const { status, stdout, stderr } = await action();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const events = (await recording.finish()).filter(
      ({ comm, path }) => comm === "openat" && !/^\/(etc|lib|usr)\/|^\/proc\/(self|\d+)\/fd$/.test(path),
    );
    return { events, lines: stdout.split("\n").slice(0, -1) };
  }

  return {
    program,
    hex,
    opensOf,
    /** Opens paths with options of the program. */
    openat: (
      options: Parameters<typeof opensnoop>[0],
      args: readonly string[],
      ...paths: readonly (string | Buffer)[]
    ): Promise<Opened> => opensOf(options, () => run(program, [...args, ...paths.map(hex)])),
  };
}
