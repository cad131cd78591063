import path from "node:path";

import {
  cgroup,
  cgroupTree,
  container,
  mntns,
  mountNamespaceOfProcess,
  pod,
  type Selector,
  unit,
} from "@rxbpf/filters";
import { opensnoop } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { filter, firstValueFrom, ReplaySubject } from "rxjs";
import { describe, expect, onTestFinished, test, vi } from "vitest";

import { askedDocker, containerId, makeCgroups } from "../../../testing/engines.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { type Shell, startShell } from "../../../testing/shell.js";

/** Traces until the test ends. */
async function watch(options: NonNullable<Parameters<typeof opensnoop>[0]>) {
  const paths: string[] = [];
  const said: string[] = [];
  const seen = new ReplaySubject<string>();
  const stream = opensnoop(options);
  const attached = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const listening = stream.status.subscribe((status) => {
    if (status.type === "notice") said.push(status.message);
  });
  const running = stream.subscribe({
    next: ({ path: one }) => {
      paths.push(one);
      seen.next(one);
    },
    error: (error) => seen.error(error),
  });
  onTestFinished(() => {
    running.unsubscribe();
    listening.unsubscribe();
  });
  await attached;
  return {
    said,
    shown: (wanted: string) => firstValueFrom(seen.pipe(filter((one) => one === wanted))),
    among: (wanted: readonly string[]) => paths.filter((one) => wanted.includes(one)),
  };
}

async function openIn(shell: Shell): Promise<string> {
  const name = `/tmp/${uniqueName()}`;
  await shell.run(`cat ${name}`);
  return name;
}

async function shellIn(directory: string): Promise<Shell> {
  const shell = await startShell();
  shell.enter(directory);
  return shell;
}

describe("what is inside is shown, what is outside is not", () => {
  test("by every selector, as an option and within, alone and with others", async () => {
    const [name, id, ofPod] = [uniqueName(), containerId(), containerId()];
    const Labels = { "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.name": name };
    const containers = [
      { Id: id, Names: [`/${name}`] },
      { Id: ofPod, Names: ["/k8s_web"], Labels },
    ];
    await askedDocker(containers);
    const { top, paths } = makeCgroups(
      `${name}.service`,
      `docker/${id}`,
      `docker/${id}/below`,
      "beside",
      `docker/${ofPod}`,
    );
    const [service, web, below, beside, inPod] = await Promise.all(paths.map(shellIn));
    const inside = await startShell(["unshare", "-m", "bash"]);
    inside.enter(paths[1]!);
    const shells = { service, web, below, beside, inPod, inside } as Record<string, Shell>;
    const namespace = mountNamespaceOfProcess(inside.pid);

    const cases: Record<string, [NonNullable<Parameters<typeof opensnoop>[0]>, Selector[], string[]]> = {
      unit: [{ unit: [name] }, [unit(name)], ["service"]],
      units: [{ unit: [`${name}*`, "nothing"] }, [unit(`${name}*`), unit("nothing")], ["service"]],
      container: [{ container: [name] }, [container(name)], ["web", "below", "inside"]],
      byId: [{ container: [id.slice(0, 12)] }, [container(id.slice(0, 12))], ["web", "below", "inside"]],
      cgroup: [{ cgroup: [paths[1]!] }, [cgroup(paths[1]!)], ["web", "inside"]],
      tree: [{ cgroupTree: [top] }, [cgroupTree(top)], ["service", "web", "below", "beside", "inPod", "inside"]],
      pod: [{ pod: [`shop/${name}`] }, [pod(`sh*/${name}`)], ["inPod"]],
      mntns: [{ mntns: [String(inside.pid)] }, [mntns(inside.pid)], ["inside"]],
      inode: [{ mntns: [String(namespace)] }, [mntns(namespace)], ["inside"]],
      all: [{ container: [name], mntns: [String(inside.pid)] }, [container(name), mntns(inside.pid)], ["inside"]],
      none: [{ container: [name], unit: [name] }, [container(name), unit(name)], []],
    };
    const traces = [];
    for (const [name, [options, within, shown]] of Object.entries(cases))
      traces.push({ name, shown, traces: [await watch(options), await watch({ within })] });
    const marker = await watch({ cgroupTree: [top] });
    const opened: Record<string, string> = {};
    for (const [which, shell] of Object.entries(shells)) opened[which] = await openIn(shell);
    await marker.shown(opened["inside"]!);
    // Another trace may be read later.
    for (const { name: which, traces: both, shown } of traces)
      for (const trace of both)
        await vi.waitFor(() => {
          const paths = trace.among(Object.values(opened));
          expect({ which, shown: paths }).toEqual({ which, shown: shown.map((one) => opened[one]!) });
        }, 5_000);
  });
});

describe("what shows nothing is told", () => {
  test("a name that is not there, with those that are near", async () => {
    const name = uniqueName();
    makeCgroups(`${name}-web.service`);
    const trace = await watch({ unit: [`${name}-wbe`] });
    await vi.waitFor(() => expect(trace.said.length).toBe(1));
    expect(trace.said[0]).toBe(
      `there is no unit ${name}-wbe.service yet; waiting for one; there is ${name}-web.service`,
    );
  });

  test("a cgroup in which nothing runs, and one whose processes are below it", async () => {
    const { top, paths } = makeCgroups("below");
    const empty = await watch({ cgroupTree: [top] });
    const shell = await shellIn(paths[0]!);
    const above = await watch({ cgroup: [top] });
    const short = top.slice(top.lastIndexOf("/"));
    await vi.waitFor(() => expect([empty.said.length, above.said.length]).toEqual([1, 1]));
    expect(empty.said[0]).toBe(`no process runs in cgroup ${short}`.replace(short, top));
    expect(above.said[0]).toBe(
      `no process runs in cgroup ${top}; it does in cgroups below: --cgroup-tree takes those too`,
    );
    await shell.end();
  });

  test("a mount namespace in which no process is", async () => {
    const trace = await watch({ mntns: ["4294967290"] });
    await vi.waitFor(() =>
      expect(trace.said).toEqual(["no process is in the mount namespace 4294967290: it shows nothing"]),
    );
  });

  test("and kinds that have no cgroup in common", async () => {
    const { top, paths } = makeCgroups("a", `b/${uniqueName()}.service`);
    const name = path.basename(paths[1]!);
    const trace = await watch({ cgroupTree: [`${top}/a`], unit: [name] });
    await vi.waitFor(() => expect(trace.said.length).toBe(1));
    expect(trace.said[0]).toBe(
      `cgroup ${top}/a and unit ${name} have no cgroup in common: no event will show until they do`,
    );
  });
});

test("what cannot be had together, and words that are none, are wrong usage", () => {
  const set = "/sys/fs/bpf/set";
  expect(() => opensnoop({ cgroupmap: set, unit: ["a"] })).toThrow(
    new UsageError("cgroupmap and unit exclude each other"),
  );
  expect(() => opensnoop({ cgroupmap: set, within: unit("a") })).toThrow("cgroupmap and within exclude each other");
  expect(() => opensnoop({ mntnsmap: set, mntns: ["1"] })).toThrow("mntnsmap and mntns exclude each other");
  expect(() => opensnoop({ pod: ["web"] })).toThrow(new UsageError('A pod is NAMESPACE/NAME, not "web"'));
  expect(() => opensnoop({ mntns: ["x"] })).toThrow(UsageError);
  expect(() => opensnoop({ cgroup: ["/proc"] })).toThrow(UsageError);
  expect(() => opensnoop({ within: "web" as never })).toThrow(
    'within takes selectors, such as container("web"), not "web"',
  );
  expect(() => opensnoop({ mntnsmap: set, unit: ["a"] })).not.toThrow();
});
