import { mkdirSync, rmdirSync } from "node:fs";

import { cgroupId, PinnedSet } from "@rxbpf/filters";
import { readRecording } from "@rxbpf/sinks";
import { describe, expect, test } from "vitest";

import { containerId, dockerServer, makeCgroups } from "../../../testing/engines.js";
import { dumpIds, pinPath, uniqueName } from "../../../testing/kernel-objects.js";
import { start, temporaryFolder } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";
import { commandLine, rxbpf, runThrough, startProbe } from "./cli.js";

const folder = temporaryFolder();

function makeSet(): string {
  const path = pinPath();
  PinnedSet.create(path, "cgroup").close();
  return path;
}

describe("flags of probes", () => {
  test("narrow a live probe, several of a kind to any", async () => {
    const name = uniqueName();
    const { paths } = makeCgroups(`${name}-1.service`, `${name}-2.service`, `${name}-3.service`);
    const shells = [await startShell(), await startShell(), await startShell()];
    for (const [i, shell] of shells.entries()) shell.enter(paths[i]!);
    const probe = await startProbe("opensnoop", "--unit", `${name}-1`, "--unit", `${name}-3.service`);
    const opened: string[] = [];
    for (const shell of [shells[1]!, shells[0]!, shells[2]!]) {
      opened.push(`/tmp/${uniqueName()}`);
      await shell.run(`cat ${opened.at(-1)}`);
    }
    const shown: string[] = [];
    for await (const line of probe.lines()) {
      shown.push(...opened.filter((one) => line.endsWith(one)));
      if (shown.at(-1) === opened[2]) break;
    }
    expect(shown).toEqual(opened.slice(1));
  });

  test("narrow a recording, and the processes that it names", async () => {
    const name = uniqueName();
    const { paths } = makeCgroups(`${name}.service`);
    const [inside, outside] = [await startShell(), await startShell()];
    inside.enter(paths[0]!);
    const file = `${folder}/${name}.arrow`;
    const recording = rxbpf("record", "execsnoop", "-o", file, "--unit", name, "--duration", "3");
    await Promise.all([inside, outside].map((shell) => shell.run("for i in $(seq 40); do /bin/true; sleep 0.1; done")));
    expect(await recording).toMatchObject({ status: 0 });
    const recorded = readRecording(file);
    expect(recorded.info.options).toMatchObject({ unit: [name] });
    const cgroups = new Set<unknown>();
    for (const batch of recorded.batches())
      for (let i = 0; i < batch.length; i++) cgroups.add(batch.row(i)["cgroupId"]);
    expect(cgroups).toEqual(new Set([cgroupId(paths[0]!)]));
  });

  test("narrow a command further", async () => {
    const name = uniqueName();
    const { stdout, stderr } = await rxbpf(
      "execsnoop",
      "--json",
      "--unit",
      name,
      "--",
      "sh",
      "-c",
      "/bin/true; exit 0",
    );
    expect(stdout).toBe("");
    expect(stderr).toContain(`rxbpf: there is no unit ${name}.service yet; waiting for one`);
  });

  test("are wrong usage where they mean nothing", async () => {
    expect(await rxbpf("opensnoop", "--pod", "web")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('A pod is NAMESPACE/NAME, not "web"'),
    });
    expect(await rxbpf("opensnoop", "--cgroup-tree", "/proc")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("Cannot get the cgroup id of /proc"),
    });
    expect((await rxbpf("opensnoop", "--cgroupmap", "/sys/fs/bpf/x", "--unit", "a")).status).toBe(2);
  });
});

describe("map add", () => {
  test("takes a container by name, with the cgroups below it, and a unit", async () => {
    const [id, name] = [containerId(), uniqueName()];
    const { paths } = makeCgroups(`docker/${id}`, `docker/${id}/below`, `${name}.service`);
    const socket = await dockerServer([{ Id: id, Names: [`/${name}`] }]);
    const set = makeSet();
    const outcome = await runThrough(["env", `DOCKER_HOST=unix://${socket}`], "map", "add", set, "--container", name);
    expect(outcome).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(dumpIds(set)).toEqual(
      paths
        .slice(0, 2)
        .map(cgroupId)
        .sort((a, b) => a - b),
    );
    expect(await rxbpf("map", "add", set, "--unit", name)).toMatchObject({ status: 0 });
    expect(dumpIds(set)).toContain(cgroupId(paths[2]!));
  });

  test("adds nothing where one name means nothing, and says what is near", async () => {
    const name = uniqueName();
    const { paths } = makeCgroups(`${name}.service`);
    const set = makeSet();
    const { status, stderr } = await rxbpf("map", "add", set, paths[0]!, "--unit", `${name}x`);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `rxbpf: Cannot add to ${set}: there is no unit ${name}x.service; there is ${name}.service\n`,
    });
    expect(dumpIds(set)).toEqual([]);
    expect((await rxbpf("map", "add", set)).status).toBe(2);
    expect((await rxbpf("map", "add", set, paths[0]!, "--follow")).status).toBe(2);
  });

  test("--follow adds what appears and drops what goes, until a signal, and leaves the members", async () => {
    const name = uniqueName();
    const { top } = makeCgroups("before");
    const set = makeSet();
    const [command, ...args] = commandLine("map", "add", set, "--unit", `${name}-*`, "--cgroup-tree", top, "--follow");
    const child = start("sh", ["-c", 'exec "$@" 2>&1', "sh", command, ...args]);
    expect(await child.line()).toContain(`rxbpf: ${set} follows cgroup`);
    const made = [1, 2].map((i) => `${top}/${name}-${i}.service`);
    for (const path of made) mkdirSync(path);
    const ids = made.map(cgroupId);
    expect(dumpIds(set)).toEqual(ids);
    rmdirSync(made[0]!);
    expect(dumpIds(set)).toEqual(ids.slice(1));
    child.kill("SIGINT");
    await child.ended();
    expect(dumpIds(set)).toEqual(ids.slice(1));
    mkdirSync(made[0]!);
    expect(dumpIds(set)).toEqual(ids.slice(1));
  });

  test("--container --follow: whoever reads the set sees a container come and go, and never another", async () => {
    const name = uniqueName();
    const [ours, others] = [Array.from({ length: 5 }, containerId), Array.from({ length: 5 }, containerId)];
    const listed = (ids: readonly string[], whose: string) =>
      ids.map((Id, i) => ({ Id, Names: [`/${name}-${whose}-${i}`], State: "created" as const }));
    const socket = await dockerServer([...listed(ours, "ours"), ...listed(others, "others")]);
    const { top } = makeCgroups("docker");
    const set = makeSet();
    const [command, ...args] = commandLine("map", "add", set, "--container", `${name}-ours-*`, "--follow");
    const line = 'exec env "DOCKER_HOST=unix://$0" "$@" 2>&1';
    const child = start("sh", ["-c", line, socket, command, ...args]);
    expect(await child.line()).toBe(`rxbpf: ${set} follows container ${name}-ours-* until a signal`);
    for (const [i, id] of ours.entries()) {
      mkdirSync(`${top}/docker/${others[i]!}`);
      expect(dumpIds(set)).toEqual([]);
      const made = [`${top}/docker/${id}`, `${top}/docker/${id}/below`];
      mkdirSync(made[0]!);
      await expect.poll(() => dumpIds(set), { interval: 5 }).toEqual([cgroupId(made[0]!)]);
      mkdirSync(made[1]!);
      expect(dumpIds(set)).toEqual(made.map(cgroupId));
      for (const path of made.toReversed()) rmdirSync(path);
      expect(dumpIds(set)).toEqual([]);
    }
    expect(await child.line()).toBe(`rxbpf: traced from now on: container ${name}-ours-*`);
    child.kill("SIGINT");
    await child.ended();
  });
});

test("names that exist now complete", async () => {
  const name = uniqueName();
  makeCgroups(`${name}.service`);
  const { stdout } = await rxbpf("complete", "--", "opensnoop", "--unit", name);
  expect(stdout).toContain(`${name}.service`);
});

test("a run that sees nothing says what it was narrowed to, but not one of a command that does nothing", async () => {
  const { paths } = makeCgroups("quiet");
  const [ending, staying] = [start("sleep", ["3"]), start("sleep", ["60"])];
  const who = ["--pid", `${ending.pid},${staying.pid},4000000`, "--uid", "root", "--comm", "x", "--comm", "y"];
  const [quiet, processes, tree, command] = await Promise.all([
    rxbpf("opensnoop", "--cgroup-tree", paths[0]!, "--duration", "7"),
    rxbpf("tcpconnect", "--port", "7,8", ...who, "--duration", "7"),
    rxbpf("killsnoop", "--tree", String(ending.pid), "--netns", String(staying.pid), "--duration", "7"),
    rxbpf("killsnoop", "--", "sleep", "7"),
  ]);
  expect(quiet.stderr).toContain(`rxbpf: no event so far: it shows cgroup ${paths[0]} alone\n`);
  expect(processes.stderr).toBe(
    "rxbpf: there is no process 4000000, so none of its events will show\n" +
      `rxbpf: no event so far: it shows only what has port 7 or 8 and pid ${ending.pid} or ${staying.pid} or 4000000 ` +
      `and uid 0 and comm x or y; process ${ending.pid} has ended\n`,
  );
  expect(tree.stderr).toBe(
    `rxbpf: no event so far: it shows network namespace ${staying.pid} alone; ` +
      `it shows tree of process ${ending.pid} alone; process ${ending.pid} has ended\n`,
  );
  expect(command.stderr).toBe("");
});

test("an id that nobody has, and a path that is no namespace, are told in a line", async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await rxbpf("opensnoop", "--duration", "1", ...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    return stderr;
  };
  expect(await refused("--pid", "4000000")).toBe("rxbpf: Cannot trace process 4000000: there is no such process\n");
  expect(await refused("--tid", "4000000,4000001")).toBe(
    "rxbpf: Cannot trace thread 4000000 or thread 4000001: there is no such thread\n",
  );
  expect(await refused("--tree", "4000000")).toBe("rxbpf: Cannot trace process 4000000: there is no such process\n");
  expect(await refused("--netns", "4000000")).toBe(
    "rxbpf: Cannot find the network namespace of process 4000000: there is no such process\n",
  );
  expect(await refused("--netns", "/proc/self/ns/mnt")).toContain(
    "it is a namespace of another kind, mnt; give a path",
  );
  expect(await refused("--netns", "/etc/passwd")).toContain("it is not a namespace; give a path like /proc/PID/ns/net");
  const absent = await rxbpf("opensnoop", "--duration", "1", "--netns", "4294967290");
  expect(absent.stderr).toBe("rxbpf: no process is in the network namespace 4294967290: it shows nothing\n");
});
