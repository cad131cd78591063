import { execFileSync } from "node:child_process";
import path from "node:path";

import { textOf } from "@rxbpf/core";
import { type ExecEvent, execsnoop } from "@rxbpf/probes";

import { compile, run, temporaryFolder } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";

export type Options = NonNullable<Parameters<typeof execsnoop>[0]>;

/** An argument for programs/exec.c: what it is, or one of that program's own words. */
type Argument = string | Buffer | { readonly word: string };

/** What programs/witness.c tells of itself. */
interface Told extends Pick<ExecEvent, "pid" | "tid" | "ppid" | "uid" | "cpu" | "mntnsId" | "comm" | "file" | "cwd"> {
  readonly args: readonly string[];
}

/** An exec that was traced. */
export interface Traced {
  readonly pid: number;
  readonly stdout: string;
  /** Those of the process, less the ones that led to it. */
  readonly events: readonly ExecEvent[];
}

/** The programs of these tests, in a folder that is removed after the tests of a file. For the file's top level. */
export function programs() {
  const folder = temporaryFolder();
  const compiled = (name: string): string => compile(new URL(`programs/${name}.c`, import.meta.url), folder);
  const [exec, witness] = [compiled("exec"), compiled("witness")];

  /** The command that execs a file in a way of programs/exec.c, such as `-t execve`. */
  const command = (how: string, file: string, args: readonly Argument[]): [string, ...string[]] => {
    const words = args.map((argument) =>
      typeof argument === "object" && "word" in argument ? argument.word : Buffer.from(argument).toString("hex"),
    );
    return [exec, ...how.split(" "), file, ...words];
  };

  /** Execs a file while a stream is attached. `through` is a command that becomes it, such as `unshare -m`. */
  async function trace(
    options: Options,
    how: string,
    file: string,
    args: readonly Argument[],
    through: readonly string[] = [],
  ): Promise<Traced> {
    const recording = await record(execsnoop({ ringBytes: 1 << 20, ...options }));
    const [first, ...rest] = [...through, ...command(how, file, args)];
    const { pid, stdout } = await run(first!, rest);
    const events = (await recording.finish()).filter((event) => event.pid === pid);
    const start = events.findLastIndex(({ filename }) => filename === exec) + 1;
    return { pid, stdout, events: events.slice(start) };
  }

  return { folder, exec, witness, command, trace };
}

/** What the program that was started told. */
export function told({ stdout }: { readonly stdout: string }): Told {
  const json = JSON.parse(stdout) as Told;
  const [comm, file, cwd] = [json.comm, json.file, json.cwd].map(fromHex) as [string, string, string];
  return { ...json, comm, file, cwd, args: json.args.map(fromHex) };
}

/** Where a file is: its file system, and its path in that. As findmnt knows it. */
export function placeOf(file: string): Pick<ExecEvent, "device" | "fsPath"> {
  const output = execFileSync("findmnt", ["-n", "-P", "-o", "MAJ:MIN,FSROOT,TARGET", "-T", file], { encoding: "utf8" });
  const mount = output.trim().split("\n").at(-1)!;
  const [, major, minor, root, target] = /^MAJ:MIN="(\d+):(\d+)" FSROOT="(.*)" TARGET="(.*)"$/.exec(mount)!;
  return {
    device: Number(major) * 2 ** 20 + Number(minor),
    fsPath: path.join(root!, path.relative(target!, file)),
  };
}

/** Who failed to start a program, and what came back. */
export function failed({ stdout }: Traced): { tid: number; ret: number } {
  const [tid, ret] = stdout.split(" ").map(Number);
  return { tid: tid!, ret: ret! };
}

function fromHex(text: string): string {
  return textOf(Buffer.from(text, "hex"));
}

/** The ARGS column of an event. */
export function argsOf(event: ExecEvent, options: Options = {}): string {
  return execsnoop(options).info.columns().at(-1)!.cell(event);
}
