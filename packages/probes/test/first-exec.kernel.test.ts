import { mkdirSync } from "node:fs";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

import { cgroup, cgroupId, cgroupTree, container, FollowedCgroups, pod, type Selector, unit } from "@rxbpf/filters";
import { execsnoop, syscount } from "@rxbpf/probes";
import { filter, firstValueFrom } from "rxjs";
import { expect, onTestFinished, test } from "vitest";

import { askedDocker, containerId, makeCgroups } from "../../../testing/engines.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { compile, start, temporaryFolder } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";

const program = compile(new URL("../../../testing/first-exec.c", import.meta.url), temporaryFolder());

/** Traces execs until the test ends. */
async function traceWithin(within: Selector) {
  const words: string[] = [];
  const said: string[] = [];
  let lost = 0;
  const stream = execsnoop({ within });
  const attached = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const status = stream.status.subscribe((one) => {
    if (one.type === "lost") lost += one.count;
    if (one.type === "notice") said.push(one.message);
  });
  const subscription = stream.subscribe(({ args }) => void words.push(args.at(-1) ?? ""));
  onTestFinished(() => {
    subscription.unsubscribe();
    status.unsubscribe();
  });
  await attached;
  return { shown: (prefix: string) => words.filter((word) => word.startsWith(prefix)), said, losses: () => lost };
}

test(
  "of 1,000 cgroups in a row, made while tracing, no first exec is missed and none of others is shown",
  { timeout: 120_000 },
  async () => {
    const name = uniqueName();
    const { top } = makeCgroups("ours", "docker");
    const names = ["ours", "other"].flatMap((whose) =>
      Array.from({ length: whose === "ours" ? 1_000 : 200 }, (_, i) => ({ Id: containerId(), whose, i })),
    );
    await askedDocker(
      names.map(({ Id, whose, i }) => ({
        Id,
        Names: [`/k8s_${whose}_${i}`],
        Labels: {
          "io.kubernetes.container.name": `${name}-${whose}-${i}`,
          "io.kubernetes.pod.name": `${name}-${whose}`,
          "io.kubernetes.pod.namespace": "shop",
        },
        // Docker says so until its runtime has made the cgroup and started the program.
        State: "created",
      })),
    );
    const ours = names.filter(({ whose }) => whose === "ours");
    const others = names.filter(({ whose }) => whose === "other");
    const again = `${top}/again`;
    const selectors = {
      tree: cgroupTree(`${top}/ours`),
      unit: unit("docker-*.scope"),
      container: container(`${name}-ours-*`),
      id: container(ours[500]!.Id.slice(0, 12)),
      pod: pod(`shop/${name}-o?rs`),
      path: cgroup(again),
      pathTree: cgroupTree(again),
    };
    const traces: Record<string, Awaited<ReturnType<typeof traceWithin>>> = {};
    for (const [key, selector] of Object.entries(selectors)) traces[key] = await traceWithin(selector);

    const child = start(program, ["/bin/true"]);
    for (const [i, { Id }] of ours.entries()) {
      child.write(`${top}/ours/docker-${Id}.scope ${name}-ours-${i}`);
      if (i % 5 > 0) continue;
      child.write(`${top}/docker/${others[i / 5]!.Id} ${name}-other-${i / 5}`);
      child.write(`${again} ${name}-again-${i / 5}`);
    }
    await child.ended();

    const words = (whose: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${whose}-${i}`);
    const expected = {
      tree: words("ours", 1_000),
      unit: words("ours", 1_000),
      container: words("ours", 1_000),
      id: [`${name}-ours-500`],
      pod: words("ours", 1_000),
      path: words("again", 200),
      pathTree: words("again", 200),
    };
    const shown = () => Object.fromEntries(Object.entries(traces).map(([key, trace]) => [key, trace.shown(name)]));
    await expect.poll(shown).toEqual(expected);
    expect(Object.values(traces).map(({ losses }) => losses())).toEqual(Object.keys(selectors).map(() => 0));
    expect(traces["path"]!.said).toEqual([
      expect.stringContaining(`there is no cgroup ${again} yet; waiting for one`),
      `traced from now on: cgroup ${again}`,
    ]);
  },
);

test("tables count what runs in a container once its name is known, and never what runs in another", async () => {
  const name = uniqueName();
  const { top } = makeCgroups("docker");
  const [ours, ...others] = Array.from({ length: 50 }, containerId);
  await askedDocker(
    [ours!, ...others].map((Id, i) => ({ Id, Names: [`/${i === 0 ? name : `${name}-other`}`], State: "created" })),
  );
  const tables: { readonly pid: number }[] = [];
  const stream = syscount({ container: [name], process: true, interval: 0.2 });
  const attached = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const subscription = stream.subscribe(({ rows }) => void tables.push(...rows));
  onTestFinished(() => subscription.unsubscribe());
  await attached;
  const child = start(program, ["/bin/true"]);
  for (const id of others) child.write(`${top}/docker/${id} word`);
  await child.ended();
  const web = `${top}/docker/${ours!}`;
  mkdirSync(web);
  const shell = await startShell();
  await shell.run("sleep 0.5"); // it is named
  shell.enter(web);
  await shell.run("read line < /proc/self/stat");
  await expect.poll(() => new Set(tables.map(({ pid }) => pid))).toEqual(new Set([shell.pid]));
});

test("the kernel adds a cgroup before mkdir returns, and this process names a container soon after", async () => {
  const name = uniqueName();
  const { top } = makeCgroups("docker");
  const ids = Array.from({ length: 50 }, containerId);
  await askedDocker(ids.map((Id, i) => ({ Id, Names: [`/${name}-${i}`], State: "created" })));
  const byKernel = new FollowedCgroups([unit(`${name}-*`)], () => {});
  const byName = new FollowedCgroups([container(`${name}-*`)], () => {});
  onTestFinished(() => {
    byKernel.close();
    byName.close();
  });
  const waits: number[] = [];
  for (const [i, id] of ids.entries()) {
    const [service, named] = [`${top}/${name}-${i}.service`, `${top}/docker/${id}`];
    mkdirSync(service);
    expect(byKernel.ids()).toContain(cgroupId(service));
    await sleep(20); // as after a while in which no cgroup was made
    const made = performance.now();
    mkdirSync(named);
    while (!byName.ids().includes(cgroupId(named))) await turn();
    waits.push(performance.now() - made);
  }
  waits.sort((a, b) => a - b);
  console.log(
    `from mkdir to a member of the set: by a name of the cgroup's own 0, before mkdir returns; ` +
      `by a container's name, asked of Docker's socket, ${waits[25]!.toFixed(1)} ms at the median and ${waits[49]!.toFixed(1)} at most`,
  );
});
