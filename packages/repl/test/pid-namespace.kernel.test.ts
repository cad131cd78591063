import { readdirSync, readFileSync, writeFileSync } from "node:fs";

import { beforeAll, expect, onTestFinished, test } from "vitest";

import build from "../../../testing/build.js";
import { start, temporaryFolder } from "../../../testing/programs.js";
import { type Shell, startShell } from "../../../testing/shell.js";
import { commandLine } from "./cli.js";

// rxbpf runs in a pid namespace, as in a container. What is outside of it is seen from here, by /proc.

const folder = temporaryFolder();
const file = `${folder}/file`;
beforeAll(() => {
  build();
  writeFileSync(file, "");
}, 60_000);

const NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child"] as const;
const OWN_PROC = [...NAMESPACE, "--mount-proc", "bash"] as const;
const NOTICE = "this is a pid namespace: events have the machine's process ids";

const rxbpfLine = (...args: string[]): string => commandLine(...args).join(" ");
const jsonLines = (output: string): Record<string, unknown>[] =>
  output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

/** What opens the file again and again. */
const OPENING = `sh -c 'while sleep 0.05; do : < ${file}; done'`;

/** Starts a process in the shell; gives its id there, and on the machine. */
async function startIn(shell: Shell, command: string): Promise<{ local: number; machine: number }> {
  const local = Number(await shell.run(`${command} > /dev/null & echo $!`));
  return { local, machine: machineId(shell, local) };
}

/** The machine's id of a process that the shell's namespace calls `local`, by what /proc says of it outside. */
function machineId(shell: Shell, local: number, level: number = 1): number {
  const found = readdirSync("/proc").filter((pid) => {
    const ids = statusOf(pid, "NSpid").split(/\s+/);
    return ids[level] === String(local) && isBelow(pid, shell.pid);
  });
  expect(found).toHaveLength(1);
  return Number(found[0]);
}

function isBelow(pid: string, ancestor: number): boolean {
  for (let at = pid; Number(at) > 0; at = statusOf(at, "PPid")) if (at === String(ancestor)) return true;
  return false;
}

/** What /proc says of a process; empty where there is none. */
function statusOf(pid: string, name: string): string {
  try {
    return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  } catch {
    return "";
  }
}

test("process and thread ids are taken as the namespace has them, and events have the machine's", async () => {
  const shell = await startShell(OWN_PROC);
  const { local, machine } = await startIn(shell, OPENING);
  expect(machine).not.toBe(local);
  for (const flag of ["--pid", "--tid"]) {
    const output = await shell.run(rxbpfLine("opensnoop", "--json", flag, String(local), "--duration", "1"));
    const opens = jsonLines(output).filter(({ path }) => path === file);
    expect(opens.length, output).toBeGreaterThan(0);
    expect(new Set(opens.map(({ pid, tid }) => `${String(pid)} ${String(tid)}`))).toEqual(
      new Set([`${machine} ${machine}`]),
    );
    expect(output).toContain(NOTICE);
  }

  const parent = await startIn(shell, "bash -c 'while sleep 0.1; do :; done'");
  const output = await shell.run(rxbpfLine("execsnoop", "--json", "--ppid", String(parent.local), "--duration", "1"));
  const execs = jsonLines(output);
  expect(execs.length, output).toBeGreaterThan(0);
  expect(new Set(execs.map(({ ppid }) => ppid))).toEqual(new Set([parent.machine]));
});

test("a thread that is not its process's first is known by its id there, and as a process it is none", async () => {
  const shell = await startShell(OWN_PROC);
  const [program, told] = [`${folder}/thread.pl`, `${folder}/tid`];
  const opening = `while (1) { open(F, "<", "${file}"); select(undef, undef, undef, 0.05) }`;
  const tell = `open(T, ">", "${told}"); print T syscall(186); close T;`; // SYS_gettid
  writeFileSync(program, `use threads; threads->create(sub { ${tell} ${opening} })->join;`);
  const { local, machine } = await startIn(shell, `perl ${program}`);
  const tid = Number(await shell.run(`until [ -s ${told} ]; do sleep 0.1; done; cat ${told}`));
  expect(tid).not.toBe(local);
  const output = await shell.run(rxbpfLine("opensnoop", "--json", "--tid", String(tid), "--duration", "1"));
  const opens = jsonLines(output);
  expect(opens.length, output).toBeGreaterThan(0);
  for (const open of opens) expect(open).toMatchObject({ path: file, pid: machine });
  expect(opens[0]?.tid).not.toBe(machine);
  const refused = await shell.run(rxbpfLine("opensnoop", "--pid", String(tid), "--duration", "1"));
  expect(refused).toBe(`rxbpf: Cannot trace process ${tid}: there is none in this pid namespace`);
});

test("a command that is run is the one that is traced, also where /proc is that of the machine", async () => {
  for (const command of [OWN_PROC, [...NAMESPACE, "bash"] as const]) {
    const shell = await startShell(command);
    const output = await shell.run(rxbpfLine("opensnoop", "--json", "--exec", "cat", file));
    expect(jsonLines(output).filter(({ path }) => path === file)).toMatchObject([{ comm: "cat" }]);
  }
});

test("a process in a namespace below is known by its id here", async () => {
  const shell = await startShell(OWN_PROC);
  await shell.run(`unshare --pid --fork --mount-proc ${OPENING} > /dev/null &`);
  const below = Number(await shell.run("until pgrep -P $!; do sleep 0.1; done"));
  const output = await shell.run(rxbpfLine("opensnoop", "--json", "--pid", String(below), "--duration", "1"));
  const opens = jsonLines(output).filter(({ path }) => path === file);
  expect(opens.length, output).toBeGreaterThan(0);
  expect(opens[0]?.pid).toBe(machineId(shell, below));
});

test("processes below one, and namespaces, are named by its id there, also in a namespace within another", async () => {
  for (const [level, command] of [OWN_PROC, [...NAMESPACE, "--mount-proc", ...OWN_PROC] as const].entries()) {
    const shell = await startShell(command);
    const local = Number(await shell.run(`(${OPENING}; true) > /dev/null & echo $!`));
    const child = Number(await shell.run(`until pgrep -P ${local} sh; do sleep 0.1; done`));
    const ids = ["--tree", String(local), "--netns", String(local), "--mntns", String(local), "--ppid", String(local)];
    const output = await shell.run(rxbpfLine("opensnoop", "--json", ...ids, "--duration", "1"));
    const opens = jsonLines(output).filter(({ path }) => path === file);
    expect(opens.length, output).toBeGreaterThan(0);
    const machine = { pid: machineId(shell, child, level + 1), ppid: machineId(shell, local, level + 1) };
    for (const open of opens) expect(open).toMatchObject(machine);
    // rxbpf itself is below the shell, and is left out; what it is asked about is not.
    const own = await shell.run(rxbpfLine("opensnoop", "--json", "--ppid", "$$", "--duration", "1"));
    expect(jsonLines(own).filter(({ comm }) => comm !== "bash" && comm !== "sh")).toEqual([]);
  }
});

test("an id of nothing is told in a line", async () => {
  const shell = await startShell(OWN_PROC);
  const output = await shell.run(`${rxbpfLine("opensnoop", "--pid", "4000000", "--duration", "1")}; echo status $?`);
  expect(output).toBe("rxbpf: Cannot trace process 4000000: there is none in this pid namespace\nstatus 1");
});

test("rxbpf leaves out itself, and not whoever has its number outside", async () => {
  const outside = start("sh", ["-c", `while sleep 0.05; do : < ${file}; done`]);
  onTestFinished(() => outside.kill("SIGKILL"));
  const own = `${folder}/own`;
  writeFileSync(own, "");
  const script = `${folder}/self.ts`;
  writeFileSync(
    script,
    `import { readFileSync } from "node:fs";
    import { opensnoop } from "@rxbpf/probes";
    import { timer } from "rxjs";
    for (const includeSelf of [false, true]) {
      const opens = opensnoop({ includeSelf }).until(timer(1000));
      opens.status.subscribe(({ type }) => type === "attached" && readFileSync(${JSON.stringify(own)}));
      opens.subscribe(({ pid, path }) => {
        if (path.startsWith(${JSON.stringify(folder)}))
          console.log(JSON.stringify({ local: process.pid, includeSelf, pid, path }));
      });
    }`,
  );
  const shell = await startShell(OWN_PROC);
  const last = outside.pid - 1;
  const output = await shell.run(`echo ${last} > /proc/sys/kernel/ns_last_pid; ${rxbpfLine("run", script)} & wait`);
  const seen = jsonLines(output);
  expect(seen[0]?.local, output).toBe(outside.pid);
  const by = (includeSelf: boolean, path: string) =>
    seen.filter((event) => event.includeSelf === includeSelf && event.path === path);
  for (const includeSelf of [false, true]) expect(by(includeSelf, file)[0], output).toMatchObject({ pid: outside.pid });
  expect(by(false, own)).toEqual([]);
  expect(by(true, own), output).toHaveLength(1);
});

test("a recording names whom the namespace shows, by the machine's ids, and nobody else", async () => {
  for (const command of [OWN_PROC, [...NAMESPACE, "bash"] as const]) {
    const outside = start("sh", ["-c", `while sleep 0.05; do : < ${file}; done`, "outside"]);
    const shell = await startShell(command);
    const { machine } = await startIn(shell, `${OPENING} inside`);
    // One inside has the number that the one outside has on the machine.
    await shell.run(`echo ${outside.pid - 1} > /proc/sys/kernel/ns_last_pid; sleep 60 & [ $! = ${outside.pid} ]`);
    const path = `${folder}/${command.length}.arrow`;
    await shell.run(rxbpfLine("record", "opensnoop", "-o", path, "--duration", "2"));

    const events = jsonLines(await shell.run(rxbpfLine("export", path, "--json")));
    const processes = jsonLines(await shell.run(rxbpfLine("export", path, "--json", "--processes")));
    const namesOf = (pid: number) => {
      const runs = new Set(events.filter((event) => event.pid === pid && event.path === file).map((e) => e.execId));
      expect(runs.size).toBe(1);
      return processes.filter((one) => one.pid === pid && runs.has(one.execId)).map(({ args }) => args);
    };
    expect(namesOf(machine)).toMatchObject([["sh", "-c", expect.any(String), "inside"]]);
    // Also where /proc shows those outside: the kernel's list does not.
    expect(namesOf(outside.pid)).toEqual([]);
    for (const { pid, comm } of processes) expect(commOf(Number(pid)) ?? comm).toBe(comm);
    outside.kill("SIGKILL");
    await shell.end();
  }
});

/** The name of a process that still runs. */
function commOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return undefined;
  }
}
