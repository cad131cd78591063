import type { EventStream, Table } from "@rxbpf/core";
import { cgroupId } from "@rxbpf/filters";
import { cpudist, execsnoop, filetop, offcputime, opensnoop, profile, runqlat, syscount } from "@rxbpf/probes";
import { expect, onTestFinished, test, vi } from "vitest";

import { containerId, dockerServer, inHierarchy, makeCgroups } from "../../../testing/engines.js";
import { holdings, inKernel } from "../../../testing/holdings.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { record } from "../../../testing/recording.js";
import { type Shell, startShell } from "../../../testing/shell.js";

/** Runs a command in a cgroup, which is removed at once. */
async function runIn(shell: Shell, directory: string, command: string): Promise<void> {
  await shell.run(`sh -c 'echo 0 > ${directory}/cgroup.procs; exec ${command}'; rmdir ${directory}`);
}

test("an event has the names of its cgroup, which is gone, and nothing of others", async () => {
  const [id, name] = [containerId(), uniqueName()];
  const Labels = {
    ...{ "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.name": "web-0" },
    "io.kubernetes.container.name": name,
  };
  vi.stubEnv("DOCKER_HOST", `unix://${await dockerServer([{ Id: id, Names: ["/k8s_web"], Labels }])}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { top } = makeCgroups();
  const shell = await startShell();
  const stream = opensnoop({ show: ["pod", "container", "unit", "cgroup"] });
  const fields = Object.keys(stream.info.schema.fields);
  expect(fields.filter((field) => /^(container|unit|pod|cgroupPath)$/.test(field))).toHaveLength(4);
  const running = await record(stream);
  const place = `${top}/docker-${id}.scope`;
  await shell.run(`mkdir ${place} ${top}/${name}.service`);
  await runIn(shell, place, `cat /tmp/${name}-1`);
  await runIn(shell, `${top}/${name}.service`, `cat /tmp/${name}-2`);
  await shell.run(`cat /tmp/${name}-3`);
  await running.find(({ path }) => path === `/tmp/${name}-3`);
  const events = await running.finish();
  const [inContainer, inUnit, outside] = [1, 2, 3].map((i) => events.find(({ path }) => path === `/tmp/${name}-${i}`)!);
  expect(inContainer).toMatchObject({
    container: name,
    pod: "shop/web-0",
    unit: `docker-${id}.scope`,
    cgroupPath: inHierarchy(place),
  });
  expect(inUnit).toMatchObject({ unit: `${name}.service`, cgroupPath: inHierarchy(`${top}/${name}.service`) });
  expect([inUnit!.container, inUnit!.pod, outside!.container]).toEqual([undefined, undefined, undefined]);
  const columns = stream.info.columns();
  const cells = (event: unknown) => columns.slice(0, 4).map((one) => one.cell(event).trim());
  expect(columns.map(({ head }) => head.trim()).slice(0, 6)).toEqual([
    ...["POD", "CONTAINER", "UNIT", "CGROUP"],
    ...["PID", "COMM"],
  ]);
  expect(cells(inUnit)).toEqual(["-", "-", `${name}.service`, inHierarchy(`${top}/${name}.service`)]);
});

test("without show an event has no names, and nothing is loaded for them", async () => {
  const loaded = async (options: Parameters<typeof opensnoop>[0]): Promise<readonly string[]> => {
    const before = holdings().objects;
    const running = await record(opensnoop(options));
    const more = holdings().objects.filter((one) => !before.includes(one));
    running.unsubscribe();
    await expect.poll(() => inKernel(more)).toEqual([]);
    return more.map((object) => object.replace(/ .*/, "")).sort();
  };
  const [without, none, shown] = [await loaded({}), await loaded({ show: [] }), await loaded({ show: ["unit"] })];
  expect(none).toEqual(without);
  expect(shown.filter((kind) => kind !== "map")).toEqual(
    [...without.filter((kind) => kind !== "map"), "link", "prog"].sort(),
  );
  const { schema, columns } = opensnoop().info;
  expect(Object.keys(schema.fields)).not.toContain("container");
  expect(columns().map(({ head }) => head.trim())).toEqual(["PID", "COMM", "FD", "ERR", "PATH"]);
});

test("execs of processes that run already have names, too", async () => {
  const { paths } = makeCgroups(`${uniqueName()}.service`);
  const shell = await startShell();
  shell.enter(paths[0]!);
  const already = execsnoop({ show: ["cgroup"] }).info.already!() as { pid: number; cgroupPath?: string }[];
  expect(already.find(({ pid }) => pid === shell.pid)?.cgroupPath).toBe(inHierarchy(paths[0]!));
});

test("rows of tables have them where they belong to a process", async () => {
  const { paths } = makeCgroups(`${uniqueName()}.service`);
  const shell = await startShell();
  shell.enter(paths[0]!);
  const id = cgroupId(paths[0]!);
  const show = ["cgroup"] as const;
  const streams = {
    filetop: filetop({ show, interval: 60 }),
    syscount: syscount({ show, process: true }),
    runqlat: runqlat({ show, pids: true }),
    cpudist: cpudist({ show, tids: true }),
    offcputime: offcputime({ show }),
    profile: profile({ show, frequency: 199 }),
  } as unknown as Record<string, EventStream<Table<{ cgroupId: number; cgroupPath?: string }>>>;
  const running = [];
  for (const [name, stream] of Object.entries(streams)) running.push({ name, stream, run: await record(stream) });
  await shell.run("cat /etc/hostname; for i in $(seq 30000); do :; done; sleep 0.01");
  for (const { name, stream, run } of running) {
    const tables = await run.finish();
    const rows = tables.flatMap((table) => table.rows).filter(({ cgroupId }) => cgroupId === id);
    expect([name, ...new Set(rows.map(({ cgroupPath }) => cgroupPath))]).toEqual([name, inHierarchy(paths[0]!)]);
    const text = stream.info.tableText?.({ rows: [rows[0]] } as never) ?? stream.info.columns()[0]!.cell(rows[0]);
    expect(text).toContain(inHierarchy(paths[0]!));
  }
});
