import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { cgroupMounts, cgroupOfProcess } from "@rxbpf/filters";
import { readRecording } from "@rxbpf/sinks";
import { describe, expect, onTestFinished, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { compile, run, start, temporaryFolder } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";
import { startTerminal } from "../../../testing/terminal.js";
import { commandLine, rxbpf, runThrough } from "./cli.js";

const folder = temporaryFolder();

/** The cgroup of the tests, in which commands get theirs. */
const home = cgroupOfProcess(process.pid);
const commandCgroups = (): string[] => readdirSync(home).filter((name) => name.startsWith("rxbpf-command-"));

function script(text: string): string {
  const path = join(folder, `${uniqueName()}.sh`);
  writeFileSync(path, text);
  return path;
}

interface Event {
  readonly path: string;
  readonly args: readonly string[];
  readonly comm: string;
  readonly pcomm: string;
  readonly ret: number;
  readonly pid: number;
  readonly cgroupId: number;
}

/** The events of a run with `--json`, without what the command itself printed. */
const events = (stdout: string): Event[] =>
  stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Event] : []));

const THREADS = `
#include <fcntl.h>
#include <pthread.h>
static void *thread(void *path) { open(path, O_RDONLY); return 0; }
int main(int argc, char **argv)
{
  pthread_t other;
  pthread_create(&other, 0, thread, argv[1]);
  pthread_join(other, 0);
  return argc - argc;
}
`;

describe("what is traced", () => {
  test("are all opens of the command, its children and threads, and no others", async () => {
    const threads = join(folder, "threads.c");
    writeFileSync(threads, THREADS);
    const program = compile(pathToFileURL(threads), folder);
    const file = (): string => script("");
    const [own, childs, threadsOwn, others] = [file(), file(), file(), file()];
    const outside = await startShell();
    const looping = outside.run(`for i in $(seq 300); do : < ${others}; sleep 0.01; done; true`);
    const text = `: < ${own}\n(cat ${childs} & wait)\n${program} ${threadsOwn}\nsleep 0.2\n`;
    const outcome = await rxbpf("opensnoop", "--json", "--", "sh", script(text));
    await looping;
    const seen = events(outcome.stdout);
    expect(seen[0]).toMatchObject({ comm: "sh", path: "/etc/ld.so.cache" });
    const paths = seen.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining([own, childs, threadsOwn]));
    expect(paths).not.toContain(others);
    expect(new Set(seen.map(({ comm }) => comm))).toEqual(new Set(["sh", "cat", "threads", "sleep"]));
  });

  test("begins with the command's own exec, and is what strace sees of it", async () => {
    const path = script(
      "true\n/bin/echo one\n(/bin/echo two)\nenv /no/such/file\n/bin/true &\nwait\nexec /bin/echo three\n",
    );
    const log = join(folder, uniqueName());
    await run("strace", ["-f", "-qq", "-s", "500", "-e", "trace=execve", "-e", "signal=none", "-o", log, "sh", path]);
    const expected = readFileSync(log, "utf8")
      .split("\n")
      .flatMap((line) => {
        const [, args, result] = /execve\("[^"]*", (\[.*\]), .*\) = (-?\d+)/.exec(line) ?? [];
        return args === undefined ? [] : [{ args: JSON.parse(args) as string[], failed: result !== "0" }];
      });
    const { stdout } = await rxbpf("execsnoop", "-x", "--json", "--", "sh", path);
    const execs = events(stdout);
    // Where an interpreter runs it the kernel replaces the first argument; here are programs alone, by name or path.
    const names = (args: readonly string[]): string => args.map((arg) => arg.replace(/^.*\/(?=[a-z]+$)/, "")).join(" ");
    expect(execs.map(({ args, ret }) => [names(args), ret < 0])).toEqual(
      expected.map(({ args, failed }) => [names(args), failed]),
    );
    expect(execs[0]).toMatchObject({ args: [expect.stringMatching(/sh$/), path], ret: 0 });
  });

  test("are also cgroups that the command makes", async () => {
    const path = script(`
      own=${cgroupMounts()[0]!.path}$(sed -n 's/^0:://p' /proc/self/cgroup)
      mkdir -p $own/a/b
      sh -c "echo 0 > $own/a/b/cgroup.procs; exec /bin/echo below"
      rmdir $own/a/b $own/a
    `);
    const execs = events((await rxbpf("execsnoop", "--json", "--", "bash", path)).stdout);
    const [top, below] = [execs[0]!, execs.find(({ args }) => args.includes("below"))];
    expect(below?.args.at(-1)).toBe("below");
    expect(below!.cgroupId).not.toBe(top.cgroupId);
  });

  test("are events of every probe that is recorded, and the command stands in the recordings", async () => {
    const directory = `${folder}/${uniqueName()}`;
    const outside = await startShell();
    const looping = outside.run("for i in $(seq 100); do /bin/true; sleep 0.02; done; true");
    const words = ["sh", "-c", "cat /etc/hostname; exit 5"];
    const { status } = await rxbpf("record", "opensnoop", "execsnoop", "-o", `${directory}/`, "--", ...words);
    await looping;
    expect(status).toBe(5);
    for (const probe of ["opensnoop", "execsnoop"]) {
      const recording = readRecording(`${directory}/${probe}.arrow`);
      expect(recording.info.options).toEqual({ within: words });
      const comms = new Set<unknown>();
      for (const batch of recording.batches()) for (let i = 0; i < batch.length; i++) comms.add(batch.row(i)["comm"]);
      expect(comms).toEqual(new Set(["sh", "cat"]));
    }
  });

  test("is the same in a container's namespaces of processes and cgroups", async () => {
    const through = ["unshare", "--pid", "--fork", "--mount-proc", "--cgroup"];
    const { stdout, status } = await runThrough(through, "execsnoop", "--json", "--", "sh", "-c", "/bin/true; exit 6");
    expect(status).toBe(6);
    expect(events(stdout).map(({ comm }) => comm)).toEqual(["sh", "true"]);
  });

  test("tables are of the command too", async () => {
    const { stdout } = await rxbpf("cpudist", "-P", "--json", "--", "sh", "-c", "/bin/true");
    const comms = new Set(events(stdout).map(({ comm }) => comm));
    // Until its exec the command's process has the name that it was started under.
    comms.delete("node");
    expect(comms).toEqual(new Set(["sh", "true"]));
  });
});

describe("the status", () => {
  test.each([
    ["0", ["true"], 0, ""],
    ["the command's", ["sh", "-c", "exit 3"], 3, "rxbpf: sh ended with status 3\n"],
    ["128 and the signal's number", ["sh", "-c", "kill -9 $$"], 137, "rxbpf: sh was ended by SIGKILL\n"],
    [
      "127 where there is no such command",
      ["no-such-command"],
      127,
      "rxbpf: Cannot run no-such-command: no such file or directory\n",
    ],
    [
      "126 where it is no program",
      ["/etc/passwd"],
      126,
      "rxbpf: Cannot run /etc/passwd: permission denied; check its permissions and those of the directories above it\n",
    ],
    ["2 for no command", [], 2, "rxbpf: -- takes a command\n"],
  ])("is %s", async (_, command, status, stderr) => {
    expect(await rxbpf("opensnoop", "--", ...command)).toMatchObject({ status, stderr });
    const output = `${folder}/${uniqueName()}.arrow`;
    const recorded = await rxbpf("record", "opensnoop", "-o", output, "--", ...command);
    expect(recorded.status).toBe(status);
    expect(recorded.stderr).toContain(stderr);
    expect(existsSync(output)).toBe(![126, 127, 2].includes(status));
  });

  test("goes to the command whatever it looks like", async () => {
    const words = ["-x", "--json", "--help", "--", "--exec", "-p"];
    const { stdout, status } = await rxbpf("opensnoop", "-x", "--", "printf", "<%s>\\n", ...words);
    expect(status).toBe(0);
    expect(stdout.match(/^<.*>$/gm)).toEqual(words.map((word) => `<${word}>`));
  });

  test("a set of cgroups beside it is refused, and the command not run", async () => {
    const made = join(folder, uniqueName());
    expect(await rxbpf("opensnoop", "--cgroupmap", "/sys/fs/bpf/none", "--", "touch", made)).toMatchObject({
      status: 2,
      stderr: "rxbpf: --cgroupmap and -- COMMAND exclude each other: the command has a cgroup of its own\n",
    });
    expect(existsSync(made)).toBe(false);
  });
});

describe("signals", () => {
  const trapping = (signal: string): string =>
    `$SIG{${signal}} = sub { $n++ }; $| = 1; print "ready\\n"; sleep 1 until $n; sleep 1; exit 40 + $n`;

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s reaches the command, once, which decides", async (signal) => {
    const [file, ...args] = commandLine("opensnoop", "--", "perl", "-e", trapping(signal.slice(3)));
    const child = start(file, args);
    for (let line = ""; line !== "ready"; line = await child.line());
    child.kill(signal);
    await expect(child.ended()).rejects.toThrow("ended with 41: rxbpf: perl ended with status 41");
  });

  test("what does not handle it is ended by it, and that is the status", async () => {
    const [file, ...args] = commandLine("opensnoop", "--", "sh", "-c", "echo ready; exec sleep 60");
    const child = start(file, args);
    for (let line = ""; line !== "ready"; line = await child.line());
    child.kill("SIGTERM");
    await expect(child.ended()).rejects.toThrow("ended with 143: rxbpf: sh was ended by SIGTERM");
  });

  test("Ctrl-C reaches the command once, and rxbpf waits for it however often it is pressed", async () => {
    const terminal = startTerminal(
      commandLine("opensnoop", "-n", "nobody", "--", "perl", "-e", `${trapping("INT")} + 0 * sleep(2)`) as [string],
    );
    await terminal.waitFor("ready");
    terminal.key("Ctrl-C");
    expect(await terminal.ended()).toBe(41);
    const patient = `$SIG{INT} = sub { print "caught ", ++$n, "\\n"; exit 9 if $n == 3 }; $| = 1; print "ready\\n"; sleep 9 while 1`;
    const again = startTerminal(commandLine("opensnoop", "-n", "nobody", "--", "perl", "-e", patient));
    await again.waitFor("ready");
    for (const n of [1, 2, 3]) {
      again.key("Ctrl-C");
      if (n < 3) await again.waitFor(`caught ${n}`);
    }
    expect(await again.ended()).toBe(9);
  });
});

describe("the cgroup", () => {
  test("is gone with the command; children that outlive it go on outside of it, and are not waited for", async () => {
    const before = commandCgroups();
    const path = script("sleep 60 > /dev/null 2>&1 &\necho child $!\n");
    const { stdout, status } = await rxbpf("opensnoop", "--", "sh", path);
    const child = Number(/^child (\d+)$/m.exec(stdout)![1]);
    onTestFinished(() => void process.kill(child, "SIGKILL"));
    expect(status).toBe(0);
    expect(cgroupOfProcess(child)).toBe(home);
    expect(commandCgroups().filter((name) => !before.includes(name))).toEqual([]);
  });

  test("of a run that was killed is removed by the next", async () => {
    const [file, ...args] = commandLine("opensnoop", "--", "sh", "-c", "echo $$; exec sleep 60");
    const child = start(file, args);
    let line = "";
    while (!/^\d+$/.test(line)) line = await child.line();
    const cgroup = cgroupOfProcess(Number(line));
    expect(cgroup).toMatch(/\/rxbpf-command-\w+$/);
    // Another run leaves it alone.
    await rxbpf("opensnoop", "--", "true");
    expect(existsSync(cgroup)).toBe(true);
    child.kill("SIGKILL");
    process.kill(Number(line), "SIGKILL");
    await expect.poll(() => readFileSync(`${cgroup}/cgroup.procs`, "utf8")).toBe("");
    await rxbpf("opensnoop", "--", "true");
    expect(existsSync(cgroup)).toBe(false);
  });

  test("cannot be made where there is no cgroup v2, or none may be made: one line, and the command is not run", async () => {
    const made = join(folder, uniqueName());
    const mount = cgroupMounts()[0]!.path;
    const words = commandLine("opensnoop", "--", "touch", made)
      .map((word) => `'${word}'`)
      .join(" ");
    const without = await run("unshare", ["-m", "sh", "-c", `umount ${mount} && exec ${words}`]);
    expect(without).toMatchObject({ status: 1, stdout: "" });
    expect(without.stderr).toMatch(/^rxbpf: Cannot make a cgroup for the command: cgroup v2 is not mounted; .*\n$/);
    const readOnly = await run("unshare", ["-m", "sh", "-c", `mount -o remount,ro,bind ${mount} && exec ${words}`]);
    expect(readOnly).toMatchObject({ status: 1, stdout: "" });
    expect(readOnly.stderr).toMatch(
      /^rxbpf: Cannot make a cgroup for the command below .*: read-only file system.*\n$/,
    );
    expect(existsSync(made)).toBe(false);
  });
});

test("a run that its time ends before its command leaves the command alone", async () => {
  const path = mkdtempSync(join(folder, "left-"));
  const words = ["sh", "-c", `echo $$ > ${path}/pid; exec sleep 60 > /dev/null 2>&1`];
  const { status } = await rxbpf("opensnoop", "--duration", "1", "--", ...words);
  const pid = Number(readFileSync(`${path}/pid`, "utf8"));
  onTestFinished(() => void process.kill(pid, "SIGKILL"));
  expect(status).toBe(0);
  expect(cgroupOfProcess(pid)).toBe(home);
});
