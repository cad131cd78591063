import { readFileSync, writeFileSync } from "node:fs";

import { cgroupId, cgroupMounts } from "@rxbpf/filters";
import { readRecording } from "@rxbpf/sinks";
import { beforeAll, describe, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { containerId, dockerServer, inHierarchy } from "../../../testing/engines.js";
import { dumpIds, makeCgroup, pinPath, uniqueName } from "../../../testing/kernel-objects.js";
import { compile, run, start, temporaryFolder } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";
import { commandLine, runThrough, rxbpf } from "./cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

const jsonLines = (output: string): Record<string, unknown>[] =>
  output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

/** The processes that a recording names, by pid. */
async function namedIn(path: string): Promise<Map<unknown, Record<string, unknown>>> {
  const { stdout } = await rxbpf("export", path, "--json", "--processes");
  return new Map(jsonLines(stdout).map((process) => [process.pid, process]));
}

describe("in a time namespace, whose clocks are set off", () => {
  const inside = ["unshare", "--time", "--fork", "--monotonic", "1000000", "--boottime", "-1000"];
  const hours = ["unshare", "--time", "--fork", "--boottime", "36000"];

  test.each([[inside], [hours]])("events have the time that they happened at", async (through) => {
    const path = `${folder}/${uniqueName()}`;
    const before = Date.now();
    const exec = ["--exec", "cat", path];
    const { stdout, stderr } = await runThrough(through, "opensnoop", "--json", ...exec);
    const opens = jsonLines(stdout).filter((event) => event.path === path);
    expect(opens, stderr).toHaveLength(1);
    expect(opens[0]?.time).toBeGreaterThan(before - 50);
    expect(opens[0]?.time).toBeLessThan(Date.now() + 50);
  });

  test("a recording says when the machine was booted, and when processes started", async () => {
    const [outer, inner] = [`${folder}/outer.arrow`, `${folder}/inner.arrow`];
    const sleeper = start("sleep", ["60"]);
    const args = ["opensnoop", "--duration", "1", "-o"];
    await rxbpf("record", ...args, outer);
    await runThrough(hours, "record", ...args, inner);
    const bootTime = (path: string): number => Date.parse(readRecording(path).info.bootTime);
    expect(bootTime(inner)).toBe(bootTime(outer));
    const btime = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
    expect(bootTime(outer)).toBe(btime * 1000);

    const startOf = async (path: string) => Number((await namedIn(path)).get(sleeper.pid)?.start);
    // In ticks of a hundredth of a second, rounded down; `btime` is in whole seconds.
    const ticks = Number(readFileSync(`/proc/${sleeper.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19]);
    expect(Math.abs((await startOf(outer)) - (btime * 1000 + ticks * 10))).toBeLessThan(1100);
    expect(Math.abs((await startOf(outer)) - (await startOf(inner)))).toBeLessThan(1);
  });
});

describe("in a cgroup namespace", () => {
  /** Runs a script in a cgroup of its own, which is the root of its namespace. */
  async function runIn(cgroup: string, script: string, ...unshare: string[]): Promise<string> {
    const file = `${folder}/${uniqueName()}.sh`;
    writeFileSync(file, `R="${commandLine().join(" ")}"\n${script}`);
    const enter = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"';
    const command = ["unshare", "--cgroup", ...unshare, "bash", file];
    const { stdout, stderr } = await run("sh", ["-c", enter, "sh", cgroup, ...command]);
    return stdout + stderr;
  }

  test("sets are filled by process, and those in them are named, wherever they are", async () => {
    const [outer, pin] = [makeCgroup(), pinPath()];
    const [own, sibling] = [makeCgroup(outer, "own"), makeCgroup(outer, "sibling")];
    const below = makeCgroup(own, "below");
    const places = [own, sibling, below, cgroupMounts()[0]!.path];
    const shells = [];
    for (const place of places) {
      const shell = await startShell();
      shell.enter(place);
      shells.push(shell);
    }
    const path = `${folder}/${uniqueName()}.arrow`;
    const output = await runIn(
      own,
      `$R map create ${pin} --type cgroup
       $R map add ${pin} ${shells.map(({ pid }) => `pid:${pid}`).join(" ")}; echo added $?
       $R map list ${pin}
       $R map delete ${pin} ${cgroupId(cgroupMounts()[0]!.path)}
       $R record opensnoop -o ${path} --cgroupmap ${pin} --duration 1`,
    );
    expect(output).toContain("added 0");
    for (const place of places) expect(output).toMatch(new RegExp(`^${cgroupId(place)} +${place}$`, "m"));
    expect(dumpIds(pin)).toEqual([own, sibling, below].map(cgroupId).sort((a, b) => a - b));

    const named = await namedIn(path);
    for (const [i, { pid }] of shells.slice(0, 3).entries())
      expect(named.get(pid)).toMatchObject({
        args: ["bash"],
        cgroupId: cgroupId(places[i]!),
        cgroup: inHierarchy(places[i]!),
      });
    expect(named.has(shells[3]!.pid)).toBe(false);
    for (const shell of shells) await shell.end();
  });

  test("a cgroup that is not mounted there is told as not seen, not as dead, and its processes are named", async () => {
    const [outer, pin] = [makeCgroup(), pinPath()];
    const [own, sibling] = [makeCgroup(outer, "own"), makeCgroup(outer, "sibling")];
    const shell = await startShell();
    shell.enter(sibling);
    const path = `${folder}/${uniqueName()}.arrow`;
    await rxbpf("map", "create", pin, "--type", "cgroup");
    await rxbpf("map", "add", pin, sibling);
    const output = await runIn(
      own,
      `umount ${cgroupMounts()[0]!.path}
       $R map add ${pin} pid:$$
       mkdir ${folder}/cgroup; mount -t cgroup2 none ${folder}/cgroup
       $R map add ${pin} pid:$$; echo added $?
       $R map list ${pin}
       $R map delete ${pin} pid:$$
       $R map add ${pin} pid:${shell.pid}
       $R record opensnoop -o ${path} --cgroupmap ${pin} --duration 1`,
      "--mount",
    );
    expect(output).toMatch(
      /^rxbpf: Cannot find the cgroup of process \d+: cgroup v2 is not mounted; run: mount -t cgroup2/m,
    );
    expect(output).toContain("added 0");
    expect(output).toMatch(new RegExp(`^${cgroupId(own)} +${folder}/cgroup$`, "m"));
    expect(output).toMatch(new RegExp(`^${cgroupId(sibling)} +\\(not seen from here\\)$`, "m"));
    expect(output).toMatch(
      `process ${shell.pid}: /../sibling is not below any mount of cgroup v2 that this process sees`,
    );
    expect(output).not.toContain("no live cgroup");
    expect((await namedIn(path)).get(shell.pid)).toMatchObject({
      args: ["bash"],
      cgroupId: cgroupId(sibling),
      cgroup: "",
    });
    await shell.end();
  });
});

describe("in a cgroup namespace, what is made later", () => {
  test("is traced by its path and name there, and not what has that path outside", async () => {
    const name = uniqueName();
    const [own, outside] = [makeCgroup(), `${cgroupMounts()[0]!.path}/${name}`];
    const id = containerId();
    const socket = await dockerServer([{ Id: id, Names: [`/${name}`], State: "created" }]);
    const docker = makeCgroup(own, "docker");
    const line = `echo $$ > "$0/cgroup.procs"; exec unshare --cgroup --mount sh -c '
      mount -t cgroup2 none /mnt; exec env DOCKER_HOST=unix://${socket} "$@"' sh "$@"`;
    const traces = [
      ["--cgroup-tree", `/mnt/${name}`],
      ["--container", name],
    ].map(async (selector) => {
      const [first, ...args] = ["sh", "-c", line, own, ...commandLine("execsnoop", ...selector)] as const;
      const child = start(first, args);
      await child.line();
      const words: string[] = [];
      void (async () => {
        for await (const line of child.lines()) words.push(...(/ \/bin\/true (\S+)$/.exec(line)?.slice(1) ?? []));
      })();
      return { words, child };
    });
    const [byPath, byName] = await Promise.all(traces);
    const runner = start(compile(new URL("../../../testing/first-exec.c", import.meta.url), folder), ["/bin/true"]);
    for (let i = 0; i < 5; i++) {
      runner.write(`${outside} outside-${i}`);
      runner.write(`${own}/${name} path-${i}`);
      runner.write(`${docker}/${id} name-${i}`);
    }
    await runner.ended();
    const words = (which: string) => Array.from({ length: 5 }, (_, i) => `${which}-${i}`);
    await expect
      .poll(() => ({ byPath: byPath!.words, byName: byName!.words }))
      .toEqual({ byPath: words("path"), byName: words("name") });
    for (const { child } of [byPath!, byName!]) {
      child.kill("SIGINT");
      await child.ended();
    }
  });
});

describe("in a user namespace", () => {
  const inside = ["unshare", "--user", "--map-root-user"];
  const advice =
    "capabilities in a user namespace, as in a rootless container, do not count; run as root outside of it";

  test.each([
    [["opensnoop", "--duration", "1"], "Cannot load opensnoop: CAP_BPF and CAP_PERFMON are missing"],
    [["tcpconnect", "--count", "--duration", "1"], "Cannot load tcpconnect: CAP_BPF and CAP_PERFMON are missing"],
    [["map", "create", "/sys/fs/bpf/x", "--type", "cgroup"], "Cannot create /sys/fs/bpf/x: CAP_BPF is missing"],
    [["map", "list", "/sys/fs/bpf/x"], "Cannot open /sys/fs/bpf/x: CAP_BPF is missing"],
  ])("%j says in a line that its root's capabilities do not count", async (args, state) => {
    expect(await runThrough(inside, ...args)).toMatchObject({ status: 1, stderr: `rxbpf: ${state}; ${advice}\n` });
  });

  test("and its pid namespace too", async () => {
    const { status, stderr } = await runThrough([...inside, "--pid", "--fork", "--mount-proc"], "opensnoop");
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `rxbpf: Cannot load opensnoop: CAP_BPF and CAP_PERFMON are missing; ${advice}\n`,
    });
  });
});
