import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";

import {
  cgroup,
  cgroupId,
  cgroupTree,
  chosenNow,
  container,
  FollowedCgroups,
  PinnedSet,
  pod,
  type Selector,
  unit,
} from "@rxbpf/filters";
import { describe, expect, onTestFinished, test, vi } from "vitest";

import { askedDocker, containerId, makeCgroups } from "../../../testing/engines.js";
import { bpftool, makeCgroup, openMaps, pinPath, uniqueName } from "../../../testing/kernel-objects.js";

function follow(...selectors: readonly Selector[]) {
  const said: string[] = [];
  const followed = new FollowedCgroups(selectors, (message) => said.push(message));
  onTestFinished(() => followed.close());
  return { ids: () => followed.ids().sort((a, b) => a - b), said };
}

const keyOf = (id: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(id)).buffer);
/** How many entries a map of this process has, as bpftool sees it. */
function entriesOf(name: string): number {
  const ids = readdirSync("/proc/self/fdinfo").flatMap((fd) => {
    const path = `/proc/self/fdinfo/${fd}`;
    return existsSync(path) ? (/^map_id:\s+(\d+)$/m.exec(readFileSync(path, "utf8"))?.slice(1) ?? []) : [];
  });
  const own = ids.find((id) => (bpftool("map", "show", "id", id) as { name?: string }).name === name);
  return (bpftool("map", "dump", "id", own!) as unknown[]).length;
}

const sorted = (ids: Iterable<number>): number[] => [...ids].sort((a, b) => a - b);
const idsOf = (paths: readonly string[]): number[] => sorted(paths.map(cgroupId));

/** What is there is chosen alike with and without the kernel. */
function expectNow(selectors: readonly Selector[], paths: readonly string[]): void {
  expect([...chosenNow(selectors).ids].sort((a, b) => a - b)).toEqual(idsOf(paths));
  expect(follow(...selectors).ids()).toEqual(idsOf(paths));
}

describe("a tree", () => {
  test("has what is below at first and what is made below at once, at every depth, and not what was removed", () => {
    const { top, paths } = makeCgroups("a", "a/b");
    const beside = makeCgroup();
    const tree = follow(cgroupTree(top));
    expect(tree.ids()).toEqual(idsOf([top, ...paths]));
    const made = [`${top}/c`, `${top}/a/b/d`, `${top}/a/b/d/e`];
    for (const path of made) mkdirSync(path);
    expect(tree.ids()).toEqual(idsOf([top, ...paths, ...made]));
    expect(tree.ids()).not.toContain(cgroupId(beside));
    for (const path of made.toReversed()) rmdirSync(path);
    expect(tree.ids()).toEqual(idsOf([top, ...paths]));
    expectNow([cgroupTree(top)], [top, ...paths]);
  });

  test("misses none of those that are made while it looks at those that are there", async () => {
    const { top } = makeCgroups();
    const child = spawn("sh", ["-c", `for i in $(seq 400); do mkdir -p ${top}/$i/a/b; done`], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await vi.waitFor(() => expect(chosenNow([cgroupTree(top)]).ids.size).toBeGreaterThan(20), 10_000);
    const tree = follow(cgroupTree(top));
    await ended;
    const all = execFileSync("find", [top, "-type", "d"], { encoding: "utf8" }).trim().split("\n");
    expect(all.length).toBe(1201);
    expect(tree.ids()).toEqual(idsOf(all));
  });

  test("is also one by its path in the hierarchy, and one that is not there yet", async () => {
    const { top } = makeCgroups();
    const name = top.slice(top.lastIndexOf("/"));
    expectNow([cgroupTree(name)], [top]);
    const later = follow(cgroupTree(`${name}/later`));
    expect(later.ids()).toEqual([]);
    mkdirSync(`${top}/later/`);
    mkdirSync(`${top}/later/below`);
    expect(later.ids()).toEqual(idsOf([`${top}/later`, `${top}/later/below`]));
    await vi.waitFor(() => expect(later.said).toEqual([`traced from now on: cgroup ${name}/later`]), 5_000);
  });
});

test("a cgroup is that alone", () => {
  const { top } = makeCgroups("a");
  const one = follow(cgroup(top));
  mkdirSync(`${top}/b`);
  expect(one.ids()).toEqual(idsOf([top]));
  expectNow([cgroup(top)], [top]);
});

describe("a unit", () => {
  test("is chosen when it is made, wherever, with all that is made below", () => {
    const name = uniqueName();
    const { top, paths } = makeCgroups(`system.slice/${name}.service`, `${name}.scope`);
    const one = follow(unit(name));
    expect(one.ids()).toEqual(idsOf([paths[0]!]));
    const made = [`${top}/user/${name}.service`, `${top}/user/${name}.service/below`];
    for (const path of [`${top}/user`, ...made, `${top}/x${name}.service`, `${top}/${name}.servicex`]) mkdirSync(path);
    expect(one.ids()).toEqual(idsOf([paths[0]!, ...made]));
    expectNow([unit(name)], [paths[0]!, ...made]);
  });

  test("may be one of several patterns, and a name that systemd has to escape", () => {
    const name = uniqueName();
    const { top } = makeCgroups();
    const made = [`app-${name}-1.service`, `app-${name}-22.scope`, `_cpu.${name}.service`].map(
      (one) => `${top}/${one}`,
    );
    const others = [`app-${name}-1`, `cpu.x${name}.service`, `app-${name}.service.`].map((one) => `${top}/${one}`);
    const selectors = [unit(`app-${name}-[0-9].service`), unit(`app-${name}*e`), unit(`cpu.${name}`)];
    const some = follow(...selectors, unit(`app-${name}-??.sc*`));
    for (const path of [...made, ...others]) mkdirSync(path);
    expect(some.ids()).toEqual(idsOf(made));
    expectNow([...selectors, unit(`app-${name}-??.sc*`)], made);
  });

  test.each(["a", "ab", "abc", "acb", "aXXb", "a*b", "[", "ä", "_", "]", "b.b.b", "x".repeat(200)])(
    "the kernel, this process and bash agree on patterns of %s",
    (part) => {
      const { top } = makeCgroups();
      const name = `${part}.service`;
      const patterns = [
        "a*",
        "a?b*",
        "*[!b].service",
        "*[a-c].*",
        "a\\*b.service",
        "[[]*",
        "*[]_]*",
        "*b*b*",
        "?*?.*e",
        "*ä*",
      ];
      for (const pattern of patterns) {
        const script = `[[ $1 == ${pattern} ]] && echo yes`;
        const bash = execFileSync("bash", ["-c", `${script}; true`, "bash", name], {
          encoding: "utf8",
          env: { ...process.env, LC_ALL: "C" },
        });
        const selectors = [cgroupTree(top), unit(pattern)];
        const one = follow(...selectors);
        mkdirSync(`${top}/${name}`);
        expect({ pattern, kernel: one.ids().length === 1 }).toEqual({ pattern, kernel: bash !== "" });
        expect({ pattern, here: chosenNow(selectors).ids.size === 1 }).toEqual({ pattern, here: bash !== "" });
        rmdirSync(`${top}/${name}`);
      }
    },
  );

  test("patterns that the kernel has no room for are refused", () => {
    expect(() => follow(unit("x".repeat(128)), unit("y".repeat(128)))).toThrow(
      "Cannot look for so many names: together they may have 256 characters at most",
    );
  });
});

test("several of a kind are any of them, several kinds all of them, at first and later", () => {
  const name = uniqueName();
  const { top, paths } = makeCgroups(`a/${name}.service`, `b/${name}.service`, "a/other.service");
  const selectors = [cgroupTree(`${top}/a`), cgroupTree(`${top}/c`), unit(name)];
  const some = follow(...selectors);
  expect(some.ids()).toEqual(idsOf([paths[0]!]));
  mkdirSync(`${top}/a/more`);
  const made = [`${top}/a/more/${name}.service`, `${top}/a/more/${name}.service/below`];
  for (const path of [...made, `${top}/b/${name}.service/below`]) mkdirSync(path);
  expect(some.ids()).toEqual(idsOf([paths[0]!, ...made]));
  expectNow(selectors, [paths[0]!, ...made]);
});

describe("a container", () => {
  test("is chosen by its name and by the start of its id, with all below, and one that is made later", async () => {
    const [web, other, later] = [containerId(), containerId(), containerId()];
    const name = uniqueName();
    await askedDocker([
      { Id: web, Names: [`/${name}`] },
      { Id: other, Names: [`/${name}-other`] },
      { Id: later, Names: [`/${name}-later`], State: "created" },
    ]);
    const { top, paths } = makeCgroups(`docker/${web}`, `docker/${web}/below`, `docker/${other}`);
    expectNow([container(name)], paths.slice(0, 2));
    expectNow([container(web.slice(0, 12))], paths.slice(0, 2));
    expectNow([container(`${name}*`)], paths);
    const one = follow(container(`${name}-l*`));
    expect(one.ids()).toEqual([]);
    mkdirSync(`${top}/docker/${later}`);
    mkdirSync(`${top}/docker/${later}/below`);
    const made = [`${top}/docker/${later}`, `${top}/docker/${later}/below`];
    await vi.waitFor(() => expect(one.ids()).toEqual(idsOf(made)), 5_000);
    expect(one.said).toEqual([`traced from now on: container ${name}-l*`]);
    rmdirSync(made[1]!);
    expect(one.ids()).toEqual(idsOf(made.slice(0, 1)));
  });

  test("whose name is told only after it is made is chosen then", async () => {
    const id = containerId();
    const { top } = makeCgroups("docker");
    const name = uniqueName();
    const one = follow(container(name));
    mkdirSync(`${top}/docker/${id}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(one.ids()).toEqual([]);
    await askedDocker([{ Id: id, Names: [`/${name}`] }]);
    await vi.waitFor(() => expect(one.ids()).toEqual(idsOf([`${top}/docker/${id}`])), 8_000);
  });
});

describe("what only engines can name", () => {
  test("is undecided until this process has heard of it; of what is not chosen it keeps the ids", async () => {
    const [ours, other, below] = [containerId(), containerId(), "below"];
    const name = uniqueName();
    await askedDocker([
      { Id: ours, Names: [`/${name}`], State: "created" },
      { Id: other, Names: ["/other"], State: "created" },
    ]);
    const { top } = makeCgroups("docker");
    const one = new FollowedCgroups([container(name)], () => {});
    onTestFinished(() => one.close());
    const value = (path: string) => one.map.lookup(keyOf(cgroupId(path)))?.[0];
    const made = [ours, other].flatMap((id) => [`${top}/docker/${id}`, `${top}/docker/${id}/${below}`]);
    for (const path of made) mkdirSync(path);
    const idOfOther = cgroupId(made[2]!);
    expect(made.map(value)).toEqual([1, 1, 1, 1]);
    expect(sorted(one.ids())).toEqual([]);
    expect([...one.leftOut()]).toEqual(made.slice(2).map(cgroupId));
    expect(made.map(value)).toEqual([0, 0, undefined, undefined]);
    // Containers of others take no room.
    expect(entriesOf("chosen_cgroups")).toBe(2);
    expect(sorted(one.ids())).toEqual(idsOf(made.slice(0, 2)));
    for (const path of made.toReversed()) rmdirSync(path);
    expect(sorted(one.ids())).toEqual([]);

    // Made, and gone before this process hears of it.
    for (const path of [made[0]!, made[2]!]) {
      mkdirSync(path);
      rmdirSync(path);
    }
    expect([...one.leftOut()].slice(0, 2)).toContain(idOfOther);
    expect(one.leftOut().size).toBe(3);
    expect(sorted(one.ids())).toEqual([]);
  });

  test("is decided together with what the kernel knows: a unit in a container, and no container elsewhere", async () => {
    const [inside, outside] = [containerId(), containerId()];
    const name = uniqueName();
    await askedDocker([inside, outside].map((Id) => ({ Id, Names: [`/${name}`], State: "created" })));
    const { top } = makeCgroups("docker", "elsewhere");
    const selectors = [container(name), cgroupTree(`${top}/docker`), unit(`${name}*`)];
    const one = new FollowedCgroups(selectors, () => {});
    onTestFinished(() => one.close());
    const units = [
      `docker/${inside}/${name}.service`,
      `elsewhere/${outside}/${name}.service`,
      `docker/${name}.service`,
    ];
    for (const path of units) mkdirSync(`${top}/${path}`, { recursive: true });
    const others = [`docker/${inside}`, `elsewhere/${outside}`, units[1]!].map((path) => cgroupId(`${top}/${path}`));
    expect(sorted(one.leftOut())).toEqual(sorted(others));
    expect(sorted(one.ids())).toEqual([cgroupId(`${top}/${units[0]!}`)]);
    mkdirSync(`${top}/docker/${inside}/${name}-2.service`);
    expect(sorted(one.ids())).toEqual(idsOf([`${top}/${units[0]!}`, `${top}/docker/${inside}/${name}-2.service`]));
    expectNow(selectors, [`${top}/${units[0]!}`, `${top}/docker/${inside}/${name}-2.service`]);
  });

  test("is chosen by the kernel where its whole id is given, whatever its engine calls the cgroup", async () => {
    const id = containerId();
    const { top } = makeCgroups("docker", "slice");
    const one = follow(container(id));
    const made = [id, `docker-${id}.scope`, `libpod-${id}.scope`, `libpod-${id}`, `cri-containerd-${id}.scope`]
      .concat(`nerdctl-${id}.scope`, `crio-${id}.scope`, `crio-${id}`, `docker/${id}`, `docker/${id}/below`)
      .map((name) => `${top}/${name}`);
    const others = [`libpod-conmon-${id}.scope`, `${id}0`, `docker-${id}`, `crio-${id}.scope.d`];
    for (const name of others) mkdirSync(`${top}/${name}`);
    for (const path of made) mkdirSync(path);
    expect(one.ids()).toEqual(idsOf(made));
    await vi.waitFor(() => expect(one.said).toEqual([`traced from now on: container ${id}`]), 5_000);
    const mixedUp = `${top}/slice/kubepods-pod0.slice:cri-containerd:${id}`;
    mkdirSync(mixedUp);
    await vi.waitFor(() => expect(one.ids()).toEqual(idsOf([...made, mixedUp])), 5_000);
    expectNow([container(id)], [...made, mixedUp]);
  });

  test("is decided too where its path is longer than what the kernel tells of it", async () => {
    const [ours, other] = [containerId(), containerId()];
    const name = uniqueName();
    await askedDocker([{ Id: ours, Names: [`/${name}`], State: "created" }]);
    const deep = Array.from({ length: 6 }, (_, i) => String(i).repeat(200)).join("/");
    const { top } = makeCgroups(`${deep}/docker`);
    const one = new FollowedCgroups([container(name)], () => {});
    onTestFinished(() => one.close());
    const made = [ours, other].map((id) => `${top}/${deep}/docker/${id}`);
    for (const path of made) mkdirSync(path);
    expect([...one.leftOut()]).toEqual([cgroupId(made[1]!)]);
    expect(sorted(one.ids())).toEqual([cgroupId(made[0]!)]);
  });

  test("is not mixed up with what has a name like it", async () => {
    const id = containerId();
    const name = uniqueName();
    await askedDocker([{ Id: id, Names: [`/${name}`] }]);
    const { top } = makeCgroups("docker");
    const one = follow(container(name));
    const hostile = [
      `libpod-conmon-${id}.scope`,
      `docker-${id}.service`,
      `docker-${id}.scope.`,
      `docker/${id.toUpperCase()}`,
      `docker/${id}0`,
      `docker/${id.slice(1)}`,
      `\u202edocker-${id}.scope`,
    ].map((one) => `${top}/${one}`);
    for (const path of hostile) mkdirSync(path);
    mkdirSync(`${top}/docker/${id}`);
    await vi.waitFor(() => expect(sorted(one.ids())).toEqual([cgroupId(`${top}/docker/${id}`)]), 5_000);
    expectNow([container(name)], [`${top}/docker/${id}`]);
  });
});

test("a tree has what is below it, whatever it is called", () => {
  const { top } = makeCgroups();
  const tree = follow(cgroupTree(top));
  const names = [Buffer.from([0xff, 0x1b]), Buffer.from("a b\t"), Buffer.alloc(255, "x"), Buffer.from("\u202e")];
  for (const name of names) mkdirSync(Buffer.concat([Buffer.from(`${top}/`), name]));
  expect(tree.ids()).toHaveLength(1 + names.length);
  expect(chosenNow([cgroupTree(top)]).ids).toEqual(new Set(tree.ids()));
});

test("a pod is NAMESPACE/NAME or a uid", () => {
  const uid = "9f1c2c0e-7a5d-4c0b-9d0e-0123456789ab";
  const { paths } = makeCgroups(`kubepods/burstable/pod${uid}`, `kubepods/burstable/pod${uid}/${containerId()}`);
  expectNow([pod(uid)], paths);
  expect(() => pod("web")).toThrow('A pod is NAMESPACE/NAME, not "web"');
});

test("it leaves nothing open, also where it cannot be", () => {
  const before = openMaps();
  new FollowedCgroups([cgroupTree(makeCgroup())], () => {}).close();
  expect(openMaps()).toBe(before);
  expect(() => cgroupTree("/proc")).toThrow("Cannot get the cgroup id of /proc: it is not on a cgroup v2 file system");
  expect(() => cgroupTree("nothing/here")).toThrow("there is no such path");
  expect(openMaps()).toBe(before);
});

test("a set of another's is not changed by what is made below its members", () => {
  const { top } = makeCgroups();
  const set = PinnedSet.create(pinPath(), "cgroup");
  onTestFinished(() => set.close());
  follow(cgroupTree(top));
  set.add(top);
  mkdirSync(`${top}/below`);
  expect(set.ids()).toEqual([cgroupId(top)]);
});
