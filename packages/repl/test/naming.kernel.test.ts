import { cpSync, mkdirSync, readdirSync } from "node:fs";

import { recover } from "@rxbpf/sinks";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";

import build from "../../../testing/build.js";
import { queryByDuckDb } from "../../../testing/duckdb.js";
import { containerId, dockerServer, inHierarchy, makeCgroups } from "../../../testing/engines.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { start, temporaryFolder } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";
import { commandLine, rxbpf, runThrough } from "./cli.js";
import { enter, startPrompt } from "./prompt.js";

beforeAll(build);
const folder = temporaryFolder();

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A machine that has none of the cgroups, and does not know where they would be. */
const ELSEWHERE = ["unshare", "-m", "sh", "-c", 'umount -a -t cgroup2,cgroup && exec "$0" "$@"'];

describe("a recording", () => {
  const name = uniqueName();
  const [id, hostile] = [containerId(), `${name}-\u202e\u001b[2J`];
  let directory: string;
  let cgroups: readonly string[];

  beforeAll(async () => {
    directory = `${folder}/${name}`;
    mkdirSync(directory);
  });

  /** What a container, a unit and another cgroup, which are removed at once, open is recorded: /tmp/NAME-0 to /tmp/NAME-2. */
  async function record(): Promise<void> {
    const socket = await dockerServer([{ Id: id, Names: [`/${name}`] }]);
    const { top } = makeCgroups();
    cgroups = [`${top}/docker-${id}.scope`, `${top}/${name}.service`, `${top}/${hostile}`];
    const [command, ...args] = commandLine("record", "opensnoop", "execsnoop", "filetop", "-o", `${directory}/`);
    const child = start("env", [`DOCKER_HOST=unix://${socket}`, command, ...args, "--rotate-seconds", "0.7"]);
    await expect.poll(() => readdirSync(directory).length).toBe(3);
    const shell = await startShell();
    const script = "echo 0 > $0/cgroup.procs; exec cat /etc/hostname /tmp/$1";
    for (const [i, cgroup] of cgroups.entries())
      await shell.run(`mkdir '${cgroup}'; sh -c '${script}' '${cgroup}' ${name}-${i}; rmdir '${cgroup}'; sleep 0.5`);
    child.kill("SIGTERM");
    await child.ended();
    expect(readdirSync(directory).length).toBeGreaterThan(3);
  }

  test("is read by the names that its machine had, where there are none of them", async () => {
    await record();
    const elsewhere = (...args: readonly string[]) => runThrough(ELSEWHERE, ...args);
    const opened = async (...flags: readonly string[]): Promise<unknown[]> => {
      const opens = `${folder}/${uniqueName()}`;
      mkdirSync(opens);
      for (const file of readdirSync(directory).filter((one) => one.startsWith("opensnoop")))
        cpSync(`${directory}/${file}`, `${opens}/${file}`);
      const { stdout, stderr, status } = await elsewhere("replay", opens, "--json", ...flags);
      expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
      return linesOf(stdout).flatMap(({ path }) => (String(path).startsWith(`/tmp/${name}-`) ? [path] : []));
    };
    const paths = cgroups.map(inHierarchy);
    const all = [0, 1, 2].map((i) => `/tmp/${name}-${i}`);
    expect(await opened("--container", name)).toEqual([all[0]]);
    expect(await opened("--container", `${name.slice(0, -1)}?`, "--unit", name)).toEqual([]);
    expect(await opened("--unit", name)).toEqual([all[1]]);
    expect(await opened("--cgroup", paths[2]!)).toEqual([all[2]]);
    expect(await opened("--cgroup-tree", paths[0]!.replace(/\/[^/]*$/, ""))).toEqual(all);

    // Several probes at once, in columns and in JSON.
    const merged = await elsewhere("replay", directory, "--show", "container,cgroup", "--cgroup", paths[2]!);
    expect(merged.stdout).toMatch(/^CONTAINER +CGROUP +TIME +PROBE/);
    const line = new RegExp(
      `^- +${paths[2]!.split("-").slice(0, 3).join("-")}.*-\\\\u202e\\\\x1b\\[2J .*opensnoop`,
      "m",
    );
    expect(merged.stdout).toMatch(line);
    expect(merged.stdout).not.toContain("\u001b");
    const json = linesOf(
      (await elsewhere("export", directory, "--json", "--container", name, "--show", "unit")).stdout,
    );
    expect(new Set(json.map(({ probe }) => probe))).toEqual(new Set(["opensnoop", "execsnoop", "filetop"]));
    expect(new Set(json.map(({ unit }) => unit))).toEqual(new Set([`docker-${id}.scope`]));

    const facts = linesOf((await elsewhere("info", directory, "--json")).stdout);
    const opens = facts.find(({ probe }) => probe === "opensnoop")!;
    expect(opens["containers"]).toMatchObject({ [name]: expect.any(Number) });
    expect(opens["units"]).toMatchObject({ [`${name}.service`]: expect.any(Number) });
    const told = await elsewhere("replay", directory, "--container", `${name}x`);
    expect(told.stderr).toContain(`rxbpf: the recording has no container ${name}x; it has `);
  });
});

test("fields are the same in every format, of a record as of a row", async () => {
  const [name, id] = [uniqueName(), containerId()];
  const socket = await dockerServer([{ Id: id, Names: [`/${name}, "x"`] }]);
  const { paths } = makeCgroups(`docker/${id}`);
  const shell = await startShell();
  shell.enter(paths[0]!);
  const formats = { json: ["--json"], csv: ["--csv"], chosen: ["--json", "--name", "cat"] };
  const file = `${folder}/${name}.arrow`;
  const show = ["--show", "cgroup", "--show", "container,unit"];
  const live = Object.values(formats).map((flags) =>
    runThrough(["env", `DOCKER_HOST=unix://${socket}`], "opensnoop", ...show, ...flags, "--duration", "2"),
  );
  const recorded = ["record", "opensnoop", "-o", file, ...show, "--duration", "2"];
  const all = Promise.all([...live, runThrough(["env", `DOCKER_HOST=unix://${socket}`], ...recorded)]);
  await shell.run(`for i in $(seq 30); do cat /tmp/${name}; sleep 0.1; done`);
  const [json, csv, chosen] = await all;
  const expected = { container: `${name}, "x"`, cgroupPath: inHierarchy(paths[0]!) };
  for (const { stdout } of [json!, chosen!]) {
    const found = linesOf(stdout).find(({ path }) => path === `/tmp/${name}`)!;
    expect(found).toMatchObject(expected);
    expect(Object.keys(found)).not.toContain("unit");
  }
  expect(csv!.stdout).toMatch(/^time,.*,cpu,container,unit,cgroupPath,ret,.*\n/);
  expect(csv!.stdout).toContain(`,"${name}, ""x""",,${inHierarchy(paths[0]!)},-2,`);
  const replayed = await rxbpf("replay", file, "--json");
  expect(linesOf(replayed.stdout).find(({ path }) => path === `/tmp/${name}`)).toMatchObject(expected);
  await recover(file);
  await rxbpf("export", file, "--parquet", "-o", `${file}.parquet`);
  const question = `SELECT container, unit, cgroupPath FROM '${file}.parquet' WHERE path = '/tmp/${name}' LIMIT 1`;
  expect((await queryByDuckDb(question)).rows).toEqual([{ ...expected, unit: null }]);
});

test("the prompt knows the fields, and counts by them", async () => {
  const { paths } = makeCgroups(`${uniqueName()}.service`);
  const shell = await startShell();
  shell.enter(paths[0]!);
  const prompt = await startPrompt();
  onTestFinished(() => prompt.close());
  const working = shell.run("for i in $(seq 60); do cat /etc/hostname; sleep 0.05; done");
  const counted = await enter(
    prompt,
    'opensnoop({ show: ["unit"], duration: 2 }).pipe(countBy((e) => e.unit), takeLast(1), map((t) => JSON.stringify(t.rows)))',
    20,
  );
  expect(counted).not.toMatch(/error/i);
  await expect.poll(() => prompt.history().replaceAll("\n", "")).toContain(paths[0]!.split("/").at(-1));
  expect(await enter(prompt, 'opensnoop({ show: ["unti"] })')).toMatch(/Type '"unti"' is not assignable/);
  await working;
});
