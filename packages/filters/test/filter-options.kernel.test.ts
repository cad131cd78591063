import { execFileSync } from "node:child_process";
import { existsSync, rmdirSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { MapMismatchError } from "@rxbpf/core";
import type { RunOptions } from "@rxbpf/core/bpf";
import {
  cgroupId,
  mountNamespaceOfProcess,
  filterOptions,
  mntns,
  type SetFilters,
  PinnedSet,
  type SetKind,
  type SetMember,
} from "@rxbpf/filters";
import { describe, expect, onTestFinished, test } from "vitest";

import { bpftool, dumpIds, keyWords, makeCgroup, openMaps, pinPath } from "../../../testing/kernel-objects.js";
import { start } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";

/** A set, open until the test ends. */
function setOf(type: SetKind, ...targets: readonly SetMember[]): PinnedSet {
  const set = PinnedSet.create(pinPath(), type);
  onTestFinished(() => set.close());
  set.add(...targets);
  return set;
}

function narrowed(narrowing: SetFilters): RunOptions {
  const setting = filterOptions(narrowing);
  onTestFinished(() => setting.close?.(true));
  return setting;
}

describe("a trace narrowed", () => {
  test("by nothing switches nothing on and leaves out all maps", () => {
    const { constants, maps, leaveOut, notices, whenIdle } = narrowed({});
    expect({ constants, maps, leaveOut, notices, whenIdle }).toEqual({
      constants: {},
      maps: {},
      leaveOut: ["cgroup_set", "mntns_set", "netns_set", "tree_members"],
      notices: [],
      whenIdle: undefined,
    });
  });

  test("by a set uses that map itself and leaves out the others", () => {
    const set = setOf("cgroup", makeCgroup());
    const { constants, maps, leaveOut, notices } = narrowed({ cgroupmap: set.path });
    expect({ constants, leaveOut, notices }).toEqual({
      constants: { by_cgroup: true },
      leaveOut: ["mntns_set", "netns_set", "tree_members"],
      notices: [],
    });
    expect(maps?.["cgroup_set"]?.info.id).toBe(set.map.info.id);
  });

  test("by both sets uses both", () => {
    const cgroups = setOf("cgroup", makeCgroup());
    const namespaces = setOf("mntns", { pid: process.pid });
    const { constants, maps, leaveOut, notices } = narrowed({
      cgroupmap: cgroups.path,
      mntnsmap: namespaces.path,
    });
    expect({ constants, leaveOut, notices }).toEqual({
      constants: { by_cgroup: true, by_mntns: true },
      leaveOut: ["netns_set", "tree_members"],
      notices: [],
    });
    expect(maps?.["mntns_set"]?.info.id).toBe(namespaces.map.info.id);
  });

  test("closes its maps when it ends, leaves the pins that were there, and removes those that it made and nobody used", () => {
    const set = setOf("cgroup");
    const before = openMaps();
    const directory = pinPath();
    const mntnsmap = `${directory}/set`;
    filterOptions({ cgroupmap: set.path, mntnsmap }).close?.(true);
    expect(openMaps()).toBe(before);
    expect(dumpIds(set.path)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  test("leaves a pin that it made if somebody has put something into the set", () => {
    const cgroupmap = pinPath();
    const run = filterOptions({ cgroupmap });
    const set = PinnedSet.open(cgroupmap);
    set.add(makeCgroup());
    const ids = set.ids();
    set.close();
    run.close?.(true);
    expect(dumpIds(cgroupmap)).toEqual(ids);
  });

  test("leaves it while another trace or process uses it, and the last trace of this process removes it", async () => {
    const cgroupmap = pinPath();
    const [first, second] = [filterOptions({ cgroupmap }), filterOptions({ cgroupmap })];
    first.close?.(true);
    expect(dumpIds(cgroupmap)).toEqual([]);
    second.close?.(true);
    expect(existsSync(cgroupmap)).toBe(false);

    const run = filterOptions({ cgroupmap });
    const module = fileURLToPath(new URL("../dist/index.js", import.meta.url));
    const script = `import { PinnedSet } from "${module}"; PinnedSet.open("${cgroupmap}"); console.log("open"); setInterval(() => {}, 1000);`;
    const holder = start(process.execPath, ["--input-type=module", "-e", script]);
    expect(await holder.line()).toBe("open");
    run.close?.(true);
    expect(dumpIds(cgroupmap)).toEqual([]);
  });

  test("leaves a map that another process has pinned in its place", () => {
    const cgroupmap = pinPath();
    const run = filterOptions({ cgroupmap });
    rmSync(cgroupmap);
    const set = PinnedSet.create(cgroupmap, "cgroup");
    run.close?.(true);
    expect(dumpIds(cgroupmap)).toEqual([]);
    set.close();
  });
});

describe("a notice", () => {
  test("says that a missing set was made, as BCC makes it, and is empty", () => {
    const [cgroupmap, mntnsmap] = [pinPath(), pinPath()];
    expect(narrowed({ cgroupmap, mntnsmap }).notices).toEqual([
      `made ${cgroupmap}, an empty set of cgroups, and will remove it if it stays empty: no event will show until it holds one; add one with: rxbpf map add ${cgroupmap}`,
      `made ${mntnsmap}, an empty set of mount namespaces, and will remove it if it stays empty: no event will show until it holds one; add one with: rxbpf map add ${mntnsmap}`,
    ]);
    expect(bpftool("map", "show", "pinned", cgroupmap)).toMatchObject({
      name: "cgroupset",
      bytes_key: 8,
      bytes_value: 8,
      max_entries: 1024,
    });
    expect(bpftool("map", "show", "pinned", mntnsmap)).toMatchObject({
      name: "mount_ns_set",
      bytes_key: 8,
      bytes_value: 4,
      max_entries: 1024,
    });
  });

  test("says that a set is empty", () => {
    const { path } = setOf("cgroup");
    expect(narrowed({ cgroupmap: path }).notices).toEqual([
      expect.stringMatching(`^${path} is an empty set of cgroups: no event will show`),
    ]);
  });

  test("says that nothing in a set lives, unless something does", async () => {
    const cgroup = makeCgroup();
    const shell = await startShell(["unshare", "-m", "bash"]);
    const cgroups = setOf("cgroup", cgroup);
    const namespaces = setOf("mntns", { pid: shell.pid });
    const both = { cgroupmap: cgroups.path, mntnsmap: namespaces.path };
    expect(narrowed(both).notices).toEqual([]);

    rmdirSync(cgroup);
    await shell.end();
    expect(narrowed(both).notices).toEqual([
      expect.stringMatching(`^${cgroups.path} holds no live cgroup: no event will show`),
      expect.stringMatching(`^${namespaces.path} holds no live mount namespace: no event will show`),
    ]);
  });
});

describe("a trace cannot be narrowed", () => {
  test("to a set that holds an id of the other kind, whoever put it in", () => {
    const cgroup = cgroupId(makeCgroup());
    const [cgroups, namespaces] = [setOf("cgroup"), setOf("mntns")];
    bpftool("map", "update", "pinned", cgroups.path, ...keyWords(4026532201), "value", ...Array(8).fill("0"), "any");
    bpftool("map", "update", "pinned", namespaces.path, ...keyWords(cgroup), "value", ...Array(4).fill("0"), "any");
    const before = openMaps();

    expect(() => filterOptions({ cgroupmap: cgroups.path })).toThrow(MapMismatchError);
    expect(() => filterOptions({ cgroupmap: cgroups.path })).toThrow(
      `Cannot narrow to ${cgroups.path}: it holds 4026532201, which is a mount-namespace id; use --mntnsmap`,
    );
    expect(() => filterOptions({ mntnsmap: namespaces.path })).toThrow(
      `Cannot narrow to ${namespaces.path}: it holds ${cgroup}, which is a cgroup id; use --cgroupmap`,
    );
    expect(openMaps()).toBe(before);
  });

  test("to a second set that is no set, and then the first is not made either", () => {
    const directory = pinPath();
    const before = openMaps();
    expect(() => filterOptions({ cgroupmap: `${directory}/set`, mntnsmap: "/etc/passwd" })).toThrow(
      "Cannot open /etc/passwd: it is not on a BPF file system",
    );
    expect(() => statSync(directory)).toThrow("ENOENT");
    expect(openMaps()).toBe(before);
  });
});

describe("after a while without an event", () => {
  test("a notice says what the sets hold by then", async () => {
    const [outer, dead] = [makeCgroup(), makeCgroup()];
    const inner = makeCgroup(outer, "leaf");
    const shell = await startShell(["unshare", "-m", "bash"]);
    shell.enter(inner);
    const [cgroups, namespaces] = [setOf("cgroup"), setOf("mntns")];
    const { whenIdle } = narrowed({ cgroupmap: cgroups.path, mntnsmap: namespaces.path });
    expect(whenIdle?.()).toBe(`no event so far: ${cgroups.path} is empty; ${namespaces.path} is empty`);

    const deadId = cgroupId(dead);
    cgroups.add(outer, dead, inner);
    namespaces.add({ pid: shell.pid });
    rmdirSync(dead);
    expect(whenIdle?.()).toBe(
      `no event so far: ${cgroups.path} holds the cgroups ${outer} (without a process of its own; cgroups below it are not members), ` +
        `${deadId} (dead), ${inner}; ` +
        `${namespaces.path} holds the mount namespace ${mountNamespaceOfProcess(shell.pid)} (${shell.pid} bash)`,
    );
  });

  test("ids of the other kind are named, and many ids are counted", () => {
    const cgroups = setOf("cgroup", 101, 102, 103, 104, 105, 106);
    const { whenIdle } = narrowed({ cgroupmap: cgroups.path });
    expect(whenIdle?.()).toBe(
      `no event so far: ${cgroups.path} holds the cgroups 101 (dead), 102 (dead), 103 (dead), 104 (dead), 2 more`,
    );
    bpftool("map", "update", "pinned", cgroups.path, ...keyWords(4026532201), "value", ...Array(8).fill("0"), "any");
    expect(whenIdle?.()).toBe(
      `no event so far: ${cgroups.path} holds 4026532201, which is a mount-namespace id; use --mntnsmap`,
    );
  });
});

test("a mount namespace is held: the kernel gives its number to no other while the trace runs", async () => {
  const shell = await startShell(["unshare", "-m", "bash"]);
  const id = mountNamespaceOfProcess(shell.pid);
  const { maps } = narrowed({ within: mntns(shell.pid) });
  await shell.end();
  expect([...maps!["mntns_set"]!.keys()]).toEqual([new Uint8Array(BigUint64Array.of(BigInt(id)).buffer)]);
  const made = execFileSync("sh", ["-c", "for i in $(seq 100); do unshare -m readlink /proc/self/ns/mnt; done"]);
  expect(made.toString().trim().split("\n")).toHaveLength(100);
  expect(made.toString()).not.toContain(`[${id}]`);
});
