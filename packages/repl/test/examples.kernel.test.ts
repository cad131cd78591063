import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { cgroupMounts } from "@rxbpf/filters";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { makeCgroup, uniqueName } from "../../../testing/kernel-objects.js";
import { compile, run, temporaryFolder } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";
import { commandLine, rxbpf } from "./cli.js";

const examples = fileURLToPath(new URL("../../../examples", import.meta.url));
const folder = temporaryFolder();
const seen = new Set<string>();
const newPath = (): string => path.join(folder, uniqueName());

/** The pins and cgroups that an example has made: their names end with its process id. */
function madeBy(pid: number): string[] {
  const names = ["/sys/fs/bpf", cgroupMounts()[0]!.path].flatMap((place) => readdirSync(place));
  return names.filter((name) => name.endsWith(`-${pid}`));
}

/** Starts an example, type-checked. What it prints is collected. */
function startExample(name: string, ...args: readonly string[]) {
  seen.add(name);
  const [command, ...rest] = commandLine("run", "--check", path.join(examples, name), ...args);
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  const pid = child.pid!;
  const closed = once(child, "close");
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  let objects: readonly string[] = [];
  const self = {
    pid,
    output: () => stdout,
    /** Does something again and again, as attaching takes a while, until what is asked for is there. */
    async until(there: () => boolean | Promise<boolean>, act: () => unknown): Promise<void> {
      const again = async (): Promise<boolean> => {
        await act();
        return there();
      };
      await expect.poll(again, { timeout: 20_000, interval: 100 }).toBe(true);
    },
    hasEnded: () => child.exitCode !== null,
    /** Waits for its end, and gives what it printed. */
    async ended(): Promise<string> {
      const [status] = await closed;
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
      expect(madeBy(pid)).toEqual([]);
      return stdout;
    },
    /** Ends it by Ctrl-C. */
    stop(): Promise<string> {
      ({ objects } = holdings(pid));
      expect(objects.filter((object) => object.startsWith("link"))).not.toEqual([]);
      child.kill("SIGINT");
      return self.ended();
    },
  };
  return self;
}

test.each(["directory", "process"])(
  "failed-opens.ts shows the failed opens of a container, given as a %s",
  async (by) => {
    const cgroup = makeCgroup();
    const [inside, outside] = [await startShell(), await startShell()];
    inside.enter(cgroup);
    const [missing, elsewhere, there] = [newPath(), newPath(), newPath()];
    writeFileSync(there, "");
    const example = startExample("failed-opens.ts", by === "directory" ? cgroup : String(inside.pid));
    await example.until(
      () => example.output().includes(missing),
      async () => {
        await outside.run(`cat ${elsewhere}`);
        await inside.run(`cat ${there} ${missing}`);
      },
    );
    expect(madeBy(example.pid)).toEqual([`failed-opens-${example.pid}`]);
    const output = await example.stop();
    expect(output).toMatch(new RegExp(`^\\d+ +cat +-1 +2 ${missing}$`, "m"));
    expect(output).not.toContain(elsewhere);
    expect(output).not.toContain(there);
  },
);

test("exec-tree.ts shows what a command executed, each below its parent", async () => {
  const command = `sh -c 'cat /dev/null; true'; (env A=1 cat /dev/null; :); exit 3`;
  const example = startExample("exec-tree.ts", "sh", "-c", command);
  // The subshell executed nothing, so what it started has no parent here.
  expect(await example.ended()).toBe(`sh -c ${command}
  sh -c cat /dev/null; true
    cat /dev/null
env A=1 cat /dev/null
cat /dev/null
`);
});

test("record-container.ts records what a container does, for as long as it is told", async () => {
  const cgroup = makeCgroup();
  const [shell, directory, missing] = [await startShell(), newPath(), newPath()];
  shell.enter(cgroup);
  mkdirSync(directory);
  const example = startExample("record-container.ts", String(shell.pid), "2", directory);
  await example.until(example.hasEnded, () => shell.run(`cat ${missing}`));
  expect((await example.ended()).split("\n")).toEqual([
    expect.stringMatching(/^opens: [1-9]\d* events, \d\.\d MB, 0 lost$/),
    expect.stringMatching(/^execs: [1-9]\d* events, /),
    expect.stringMatching(/^sessions: \d+ events, /),
    "",
  ]);
  expect((await rxbpf("replay", path.join(directory, "opens.arrow"))).stdout).toContain(missing);
  expect((await rxbpf("replay", path.join(directory, "execs.arrow"))).stdout).toContain(`cat ${missing}`);
});

test("who-reads-etc.ts shows the same of what happens as of what was recorded", async () => {
  const [reader, link, beside, recording] = [newPath(), newPath(), newPath(), newPath()];
  copyFileSync("/bin/cat", reader);
  symlinkSync("/etc/hostname", link);
  writeFileSync(beside, "");
  const comm = path.basename(reader).slice(0, 15);
  const line = new RegExp(`^at=\\S+Z uid=0 comm=${comm} path=/etc/hostname$`, "m");
  const example = startExample("who-reads-etc.ts");
  await example.until(
    () => example.output().includes("path=/etc/hostname\n"),
    () => run(reader, [`/etc/..${beside}`, "/etc/missing", link]),
  );
  const output = await example.stop();
  expect(output).toMatch(line);
  expect(output).not.toContain(beside);
  expect(output).not.toContain("/etc/missing");

  await rxbpf("record", "opensnoop", "--full-path", "-o", recording, "--", reader, link);
  expect(await startExample("who-reads-etc.ts", recording).ended()).toMatch(line);
});

describe("exec-from-tmp.ts", () => {
  const writable = mkdtempSync("/var/tmp/rxbpf-test-");
  const home = mkdtempSync(path.join(os.homedir(), "rxbpf-test-"));
  afterAll(() => {
    for (const directory of [writable, home]) rmSync(directory, { recursive: true });
  });
  const [program, script, linked] = ["program", "script", "linked"].map((name) => path.join(writable, name)) as [
    string,
    string,
    string,
  ];
  /** Execs a file in a way of exec.c. */
  let exec: string;

  beforeAll(() => {
    exec = compile(new URL("../../probes/test/execsnoop/programs/exec.c", import.meta.url), folder);
    for (const file of [program, linked]) copyFileSync("/bin/true", file);
    writeFileSync(script, "#!/bin/true\n", { mode: 0o755 });
    chownSync(linked, 65_534, 65_534);
    linkSync(linked, path.join(home, "hard link"));
    symlinkSync(program, path.join(home, "link"));
    symlinkSync(script, path.join(home, "link to script"));
    symlinkSync(script, path.join(home, "link that goes"));
    writeFileSync(path.join(home, "script"), `#!${program}\n`, { mode: 0o755 });
    writeFileSync(path.join(home, "harmless"), "#!/bin/true\n", { mode: 0o755 });
    for (const name of ["mount", "other"]) mkdirSync(path.join(home, name));
  });

  const shell = (command: string) => (): Promise<unknown> => run("bash", ["-c", command]);
  const byProgram = (how: string, file: () => string) => (word: string) =>
    run(exec, [how, file(), ...[word, word].map((arg) => Buffer.from(arg).toString("hex"))]);
  /** Ways to execute what lies there, given a word that is to be an argument. */
  const WAYS: Record<string, (word: string) => Promise<unknown>> = {
    "its name": (word) => run(program, [word]),
    "a relative path": (word) => shell(`cd /usr && ..${program} ${word}; :`)(),
    "a working directory": (word) => shell(`cd ${writable} && ./program ${word}; :`)(),
    "a symbolic link": (word) => run(path.join(home, "link"), [word]),
    "a hard link": (word) => run(path.join(home, "hard link"), [word]),
    "a mount": (word) =>
      run("unshare", ["-m", "sh", "-c", `mount --bind ${writable} ${home}/mount && ${home}/mount/program ${word}; :`]),
    "a descriptor in /proc": (word) => shell(`exec 9< ${program}; /proc/self/fd/9 ${word}; :`)(),
    "a descriptor alone": byProgram("descriptor", () => program),
    "a copy in memory": byProgram("memory", () => "/bin/true"),
    "a script": (word) => run(script, [word]),
    "a script behind a link": (word) => run(path.join(home, "link to script"), [word]),
    "a script behind a link that is gone": (word) =>
      shell(`'${home}/link that goes' ${word}; rm '${home}/link that goes'`)(),
    "a script by its descriptor": byProgram("descriptor", () => script),
    "a script's interpreter": (word) => run(path.join(home, "script"), [word]),
    "a name that is deleted": (word) =>
      shell(`cp /bin/true ${home}/gone; exec 9< ${home}/gone; rm ${home}/gone; /proc/self/fd/9 ${word}; :`)(),
  };

  test("tells of each way to execute what lies where everybody can write, once", async () => {
    const example = startExample("exec-from-tmp.ts");
    await example.until(
      () => example.output().includes(" ready\n"),
      () => run(program, ["ready"]),
    );
    const words = Object.keys(WAYS).map((_, i) => `way-${i}`);
    for (const [i, way] of Object.values(WAYS).entries()) await way(words[i]!);
    for (const name of ["harmless", "link"]) await run("/bin/true", [path.join(home, name), "way-none"]);
    await run(path.join(home, "harmless"), ["way-none"]);
    await example.until(
      () => example.output().includes(" last\n"),
      () => run(program, ["last"]),
    );
    const output = await example.stop();
    const told = output.split("\n").filter((line) => /\bway-/.test(line));
    expect(told.map((line) => line.split(" ").at(-1)).sort()).toEqual([...words].sort());
    expect(told[0]).toMatch(
      new RegExp(`^\\S+Z ALERT ${program} by uid 0, pid \\d+, child of \\S+ \\(\\d+\\): ${program} way-0$`),
    );
  });
});

test.each(["a file", "stdout"])("connection-log.ts writes each session as a line of JSON to %s", async (where) => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const file = newPath();
  const example = startExample("connection-log.ts", ...(where === "a file" ? [file] : []));
  const written = (): string =>
    where === "a file" ? readFileSync(file, { encoding: "utf8", flag: "a+" }) : example.output();
  /** The whole lines that it has written so far. */
  const connects = (): object[] =>
    [...written().matchAll(/^.*(?=\n)/gm)]
      .map(([line]) => JSON.parse(line) as { type: string; comm: string; to: string })
      .filter(({ type, comm, to }) => type === "connect" && comm === "bash" && to === `127.0.0.1:${port}`);
  await example.until(
    () => connects().length > 0,
    () => run("bash", ["-c", `exec 3<>/dev/tcp/127.0.0.1/${port}; cat <&3`]),
  );
  await example.stop();
  expect(written().endsWith("}\n")).toBe(true);
  expect(connects()[0]).toEqual({
    time: expect.stringMatching(/^20.*Z$/),
    type: "connect",
    pid: expect.any(Number),
    comm: "bash",
    uid: 0,
    from: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    to: `127.0.0.1:${port}`,
  });
});

test("flight-recorder.ts keeps what came before a program ran", async () => {
  const [directory, missing, name] = [newPath(), newPath(), `boom-${process.pid}`];
  mkdirSync(directory);
  const program = path.join(directory, name);
  copyFileSync("/bin/true", program);
  const example = startExample("flight-recorder.ts", `^${name}$`, "1", directory);
  const recorded = async (): Promise<boolean> => (await rxbpf("replay", directory)).stdout.includes(missing);
  await example.until(recorded, () => run("cat", [missing]));
  await run(program);
  expect(await example.ended()).toBe(`stopped by ${name}; see: rxbpf replay ${directory}\n`);
  expect(await recorded()).toBe(true);
});

test("connection-rates.ts shows which processes connect, second by second", async () => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const shell = await startShell();
  const example = startExample("connection-rates.ts");
  const line = new RegExp(`^bash \\(${shell.pid}\\) +(\\d+)$`, "m");
  await example.until(
    () => line.test(example.output()),
    () => shell.run(`exec 3<>/dev/tcp/127.0.0.1/${port} 3>&-`),
  );
  const output = await example.stop();
  expect(output).toMatch(/^PROCESS +PER SECOND$/m);
  expect(output).not.toContain("[");
});

test("missing-files.ts counts what programs look for that is not there, now and in a recording", async () => {
  const [missing, there, recording] = [newPath(), newPath(), newPath()];
  writeFileSync(there, "");
  const example = startExample("missing-files.ts");
  const line = new RegExp(`^ +\\d+ cat: ${missing}$`, "m");
  // So often that nothing else gets ahead of it.
  const all = [there, ...Array.from({ length: 1000 }, () => missing)];
  await example.until(
    () => line.test(example.output()),
    () => run("cat", all),
  );
  expect(await example.stop()).not.toContain(there);

  await rxbpf("record", "opensnoop", "-o", recording, "--name", "cat", "--", "cat", ...all);
  expect(await startExample("missing-files.ts", recording).ended()).toMatch(
    new RegExp(`^ +1000 cat: ${missing}$`, "m"),
  );
});

test("written-by.ts tells the command line of who opens a file for writing, also of what ran before", async () => {
  const [shell, target] = [await startShell(["bash", "--norc", "-s", "an argument"]), newPath()];
  writeFileSync(`${target}.read`, "");
  const example = startExample("written-by.ts", target);
  const lines = (): string[] => example.output().split("\n");
  const old = `pid=${shell.pid} path=${target} command="bash --norc -s an argument"`;
  const young = new RegExp(`^pid=\\d+ path=${target} command="tee -a ${target}"$`);
  await example.until(
    () => lines().includes(old) && lines().some((line) => young.test(line)),
    async () => {
      await shell.run(`: > ${target}; : < ${target}.read; tee -a ${target} < /dev/null`);
    },
  );
  expect(await example.stop()).not.toContain(`${target}.read`);
});

test("every example is run here", () => {
  expect([...seen].sort()).toEqual(readdirSync(examples));
});
