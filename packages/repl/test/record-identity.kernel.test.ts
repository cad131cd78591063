import { writeFileSync } from "node:fs";

import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { compile, run, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf } from "./cli.js";

// A name in a recording must be that of the program that did what the event tells, or none.

const folder = temporaryFolder();
beforeAll(build, 60_000);

type Row = Readonly<Record<string, unknown>>;
const jsonLines = (output: string): Row[] => output.split("\n").flatMap((line) => (line ? [JSON.parse(line)] : []));

/** Records the opens of a command. Gives those of files that begin with a path, each with the arguments of its process. */
async function opensOf(
  prefix: string,
  ...command: string[]
): Promise<{ path: string; pid: number; args?: string[] }[]> {
  const path = `${folder}/${uniqueName()}.arrow`;
  const outcome = await rxbpf("record", "opensnoop", "-o", path, "--", ...command);
  expect(outcome.status, outcome.stderr).toBe(0);
  const [events, processes] = await Promise.all([
    rxbpf("export", path, "--json"),
    rxbpf("export", path, "--json", "--processes"),
  ]);
  const key = ({ pid, execId }: Row): string => `${String(pid)} ${String(execId)}`;
  const named = jsonLines(processes.stdout).map((process) => [key(process), process.args] as const);
  const args = new Map(named);
  expect(args.size).toBe(named.length); // each is told once
  return jsonLines(events.stdout)
    .filter((event) => String(event.path).startsWith(prefix))
    .map((event) => ({ path: event.path, pid: event.pid, args: args.get(key(event)) }) as never);
}

test("a process that becomes another program of the same name is named by each for what that did", async () => {
  const [one, two, file] = [`${folder}/one.sh`, `${folder}/two.sh`, `${folder}/same-${uniqueName()}`];
  writeFileSync(one, `: < ${file}-1\nsleep 1.2\nexec sh ${two}\n`);
  writeFileSync(two, `: < ${file}-2\nsleep 1.2\n`);
  for (const end of ["-1", "-2"]) writeFileSync(file + end, "");
  const opens = await opensOf(file, "sh", one);
  expect(opens).toMatchObject([
    { path: `${file}-1`, args: ["sh", one] },
    { path: `${file}-2`, args: ["sh", two] },
  ]);
  expect(opens[0]?.pid).toBe(opens[1]?.pid);
});

test("a process that has the pid of one that ended is named by its own arguments", async () => {
  const reuse = compile(new URL("../../../testing/reuse.c", import.meta.url), folder);
  const file = `${folder}/reuse-${uniqueName()}`;
  for (const end of ["-1", "-2"]) writeFileSync(file + end, "");
  const scripts = ["-1", "-2"].map((end) => `: < ${file}${end}; sleep 1.2; :`);
  const opens = await opensOf(file, reuse, ...scripts);
  expect(opens).toMatchObject([
    { path: `${file}-1`, args: ["sh", "-c", scripts[0]] },
    { path: `${file}-2`, args: ["sh", "-c", scripts[1]] },
  ]);
  expect(opens[0]?.pid).toBe(opens[1]?.pid);
});

test("one that has become another before it could be looked for has no name rather than a wrong one", async () => {
  const file = `${folder}/chain-${uniqueName()}`;
  const script = `${folder}/chain.sh`;
  writeFileSync(script, `true < ${file}-$1\n[ $1 -lt 400 ] || { sleep 3; exit; }\nexec sh ${script} $(($1 + 1))\n`);
  const opens = await opensOf(file, "sh", script, "1");
  expect(opens).toHaveLength(400);
  for (const { path, args } of opens) if (args) expect(path).toBe(`${file}-${args.at(-1)}`);
  const named = opens.filter(({ args }) => args);
  expect(named.at(-1)?.path).toBe(`${file}-400`);
});

test("what an operator passes on is named too", async () => {
  // As a script of a user: the rows of a filter, and who they are of.
  const [file, path, script] = [`${folder}/rows-${uniqueName()}`, `${folder}/rows.arrow`, `${folder}/rows.ts`];
  writeFileSync(file, "");
  writeFileSync(
    script,
    `import { eventTime } from "@rxbpf/core/events";
    import { ProcessTable } from "@rxbpf/filters";
    import { opensnoop } from "@rxbpf/probes";
    import { toArrow } from "@rxbpf/sinks";
    import { spawn } from "node:child_process";
    import { filter, fromEvent, take } from "rxjs";
    const table = new ProcessTable();
    const snapshot = (of) => (of ? { type: "snapshot", time: eventTime(), ...table.running({}, undefined, of) } : undefined);
    const opens = opensnoop();
    const shell = ": < ${file}; sleep 2.5; exec sh -c ': < ${file}; sleep 1; :'";
    let child;
    opens.status.pipe(filter(({ type }) => type === "attached"), take(1)).subscribe(() => {
      child = spawn("sh", ["-c", shell]);
      child.on("exit", () => process.kill(process.pid, "SIGINT"));
    });
    opens.pipe(filter((e) => e.path === "${file}"), toArrow("${path}", { snapshot })).subscribe();
    `,
  );
  const { status, stderr } = await run("timeout", ["20", ...commandLine("run", script)]);
  expect(status, stderr).not.toBe(124);
  const events = jsonLines((await rxbpf("export", path, "--json")).stdout).filter((one) => one.path === file);
  const processes = jsonLines((await rxbpf("export", path, "--json", "--processes")).stdout);
  expect(events).toHaveLength(2);
  const args = events.map(({ execId }) => processes.find((one) => one.execId === execId)?.args) as string[][];
  expect(args.map((list) => list?.[2]?.includes("exec sh"))).toEqual([true, false]);
});
