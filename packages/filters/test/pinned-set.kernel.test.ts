import { existsSync, mkdtempSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { MapMismatchError } from "@rxbpf/core";
import { cgroupId, mountNamespaceOfProcess, type OpenSetOptions, PinnedSet, type SetKind } from "@rxbpf/filters";
import { describe, expect, onTestFinished, test } from "vitest";

import { bpftool, dumpIds, keyWords, makeCgroup, openMaps, pinPath } from "../../../testing/kernel-objects.js";
import { startShell } from "../../../testing/shell.js";

const ZEROS: Readonly<Record<SetKind, string[]>> = {
  cgroup: Array(8).fill("0"),
  mntns: Array(4).fill("0"),
};

function create(type: SetKind, maxEntries?: number): PinnedSet {
  const set = PinnedSet.create(pinPath(), type, maxEntries === undefined ? {} : { maxEntries });
  onTestFinished(() => set.close());
  return set;
}

function open(pin: string, type?: SetKind, options?: OpenSetOptions): PinnedSet {
  const set = PinnedSet.open(pin, type, options);
  onTestFinished(() => set.close());
  return set;
}

/** Makes a map with bpftool. `words` are the words that follow the path in `bpftool map create`. */
function created(words: string): string {
  const pin = pinPath();
  bpftool("map", "create", pin, ...words.split(" "));
  return pin;
}

describe("a set that PinnedSet made", () => {
  test.each([
    ["cgroup", "cgroupset", 8],
    ["mntns", "mount_ns_set", 4],
  ] as const)("has BCC's shape and name and mode 0600, for %s", (type, name, valueSize) => {
    const { path: pin } = create(type);
    expect(bpftool("map", "show", "pinned", pin)).toMatchObject({
      type: "hash",
      name,
      bytes_key: 8,
      bytes_value: valueSize,
      max_entries: 1024,
      flags: 0,
    });
    expect(statSync(pin).mode & 0o777).toBe(0o600);
  });

  test("shows its changes to bpftool, and sees those of bpftool", async () => {
    const set = create("cgroup", 16);
    const [one, other] = [makeCgroup(), makeCgroup()];

    set.add(one);
    expect(dumpIds(set.path)).toEqual([cgroupId(one)]);
    bpftool("map", "update", "pinned", set.path, ...keyWords(cgroupId(other)), "value", ...ZEROS.cgroup, "any");
    expect(set.has(other)).toBe(true);
    bpftool("map", "delete", "pinned", set.path, ...keyWords(cgroupId(one)));
    expect(set.has(one)).toBe(false);
    expect(set.delete(other)).toBe(true);
    expect(set.delete(other)).toBe(false);
    expect(dumpIds(set.path)).toEqual([]);
  });

  test("makes its last directory with mode 0700, and removes it when it is unpinned", () => {
    const directory = pinPath();
    const set = PinnedSet.create(`${directory}/set`, "cgroup");
    set.close();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    set.unpin();
    expect(() => statSync(directory)).toThrow("ENOENT");
    expect(() => PinnedSet.create(`${directory}/deeper/set`, "cgroup")).toThrow(`there is no directory ${directory}`);
  });

  test("leaves a directory that others have begun to use", () => {
    const directory = pinPath();
    const [one, other] = ["one", "other"].map((name) => PinnedSet.create(`${directory}/${name}`, "cgroup"));
    one!.close();
    other!.close();
    one!.unpin();
    expect(statSync(`${directory}/other`).isFile()).toBe(true);
    other!.unpin();
    rmdirSync(directory);
  });

  test("is refused at an unusable path, and then nothing is left", () => {
    const pin = created("type hash key 8 value 8 entries 4 name cgroupset flags 0");
    const elsewhere = mkdtempSync(path.join(tmpdir(), "rxbpf-"));
    onTestFinished(() => rmdirSync(elsewhere));
    const directory = pinPath();
    const before = openMaps();

    expect(() => PinnedSet.create(pin, "cgroup")).toThrow(`Cannot create ${pin}: it exists already`);
    expect(() => PinnedSet.create(`${elsewhere}/set`, "cgroup")).toThrow(
      `Cannot create ${elsewhere}/set: ${elsewhere} is not on a BPF file system; give a path below /sys/fs/bpf`,
    );
    expect(() => PinnedSet.create(`${elsewhere}/new/set`, "cgroup")).toThrow(
      `${elsewhere} is not on a BPF file system`,
    );
    expect(() => PinnedSet.create(`${pin}.x`, "cgroup")).toThrow("a BPF file system allows no dot in a name");
    expect(() => PinnedSet.create(`${directory}/set`, "cgroup", { maxEntries: 2 ** 32 - 1 })).toThrow(
      "Cannot create the map cgroupset: E2BIG",
    );
    expect(() => statSync(directory)).toThrow("ENOENT");
    expect(openMaps()).toBe(before);
  });
});

describe("a set that bpftool made", () => {
  test("is a set whatever its name, value size and number of entries", () => {
    const cgroup = makeCgroup();
    const pin = created("type hash key 8 value 24 entries 3 name anything flags 1");
    const set = open(pin, "cgroup", { force: true });
    set.add(cgroup);
    expect(dumpIds(pin)).toEqual([cgroupId(cgroup)]);
    expect(set.list()).toEqual([{ id: cgroupId(cgroup), dead: false, path: cgroup }]);
  });

  test("keeps the values of the members it has", () => {
    const pin = created("type hash key 8 value 4 entries 3 name x flags 0");
    bpftool("map", "update", "pinned", pin, ...keyWords(0xf0000001), "value", "hex", "01", "02", "03", "04", "any");
    open(pin, "mntns", { force: true }).add(0xf0000001);
    expect(bpftool("map", "dump", "pinned", pin)).toMatchObject([{ value: ["0x01", "0x02", "0x03", "0x04"] }]);
  });

  test.each([
    ["type hash key 8 value 8 entries 128 name cgroupset flags 0", "cgroup", 5],
    ["type hash key 8 value 4 entries 128 name mnt_ns_set flags 0", "mntns", 0xf0000001],
    ["type hash key 8 value 4 entries 128 name mount_ns_set flags 0", "mntns", 0xf0000001],
  ] as const)("can be changed if it is called as in BCC: %s", (words, type, id) => {
    const set = open(created(words));
    expect(set.type).toBe(type);
    set.add(id);
    expect(set.delete(id)).toBe(true);
    set.unpin();
    expect(existsSync(set.path)).toBe(false);
  });

  test("is read, but not changed or removed, if it may be another program's map", () => {
    const pin = created("type hash key 8 value 8 entries 3 name sessions flags 0");
    bpftool("map", "update", "pinned", pin, ...keyWords(7), "value", ...ZEROS.cgroup, "any");
    const map = open(pin);
    expect(map.has(7)).toBe(true);
    expect(map.list()).toEqual([{ id: 7, dead: true }]);
    const refusal = `Cannot change ${pin}: its map is called sessions, and may be another program's; if it is a set, give --force (in a script: force: true)`;
    for (const change of [() => map.add(8), () => map.delete(7), () => map.unpin()]) {
      expect(change).toThrow(MapMismatchError);
      expect(change).toThrow(refusal);
    }
    expect(dumpIds(pin)).toEqual([7]);
    open(pin, undefined, { force: true }).unpin();
    expect(existsSync(pin)).toBe(false);
  });

  test.each([
    ["type hash key 8 value 4 entries 3 name cgroupset flags 0", "cgroup"],
    ["type hash key 8 value 8 entries 3 name mount_ns_set flags 0", "mntns"],
    ["type hash key 8 value 8 entries 3 name x flags 0", "cgroup"],
    ["type hash key 8 value 4 entries 3 name x flags 0", "mntns"],
  ])("has the type of its name, else of its value size: %s", (words, type) => {
    expect(open(created(words)).type).toBe(type);
  });

  test("must be given its type if neither tells", () => {
    const pin = created("type hash key 8 value 1 entries 3 name x flags 0");
    expect(() => PinnedSet.open(pin)).toThrow(`Cannot tell whether ${pin} is a set of cgroups or of mount namespaces`);
    expect(open(pin, "mntns").type).toBe("mntns");
  });

  test.each([
    ["type array key 4 value 8 entries 3 name cgroupset flags 0", "its map is of type array, not hash"],
    ["type lru_hash key 8 value 8 entries 3 name cgroupset flags 0", "its map is of type lruHash, not hash"],
    ["type lpm_trie key 8 value 8 entries 3 name cgroupset flags 1", "its map is of type number 11, not hash"],
    ["type hash key 4 value 8 entries 3 name cgroupset flags 0", "the keys of its map have 4 bytes, not 8"],
  ])("is refused if it has another shape: %s", (words, message) => {
    const pin = created(words);
    expect(() => PinnedSet.open(pin)).toThrow(MapMismatchError);
    expect(() => PinnedSet.open(pin)).toThrow(`Cannot use ${pin} as a set: ${message}`);
  });
});

test("a path without a pinned map is refused, each for its own reason", () => {
  const nothing = pinPath();
  const program = pinPath();
  const directory = path.dirname(nothing);
  const object = fileURLToPath(new URL("../../probes/bpf/opensnoop.bpf.o", import.meta.url));
  bpftool("prog", "load", object, program);

  expect(() => PinnedSet.open(nothing)).toThrow(
    `Cannot open ${nothing}: there is no such path; make it with: rxbpf map create`,
  );
  expect(() => PinnedSet.open("/etc/passwd")).toThrow("Cannot open /etc/passwd: it is not on a BPF file system");
  expect(() => PinnedSet.open(directory)).toThrow(`Cannot open ${directory}: it is a directory`);
  expect(() => PinnedSet.open(program)).toThrow(MapMismatchError);
  expect(() => PinnedSet.open(program)).toThrow("another kind of object is pinned there");
});

describe("targets", () => {
  test("are ids, paths and processes", async () => {
    const [cgroup, other] = [makeCgroup(), makeCgroup()];
    const shell = await startShell(["unshare", "-m", "bash"]);
    shell.enter(other);
    const cgroups = create("cgroup");
    const namespaces = create("mntns");

    cgroups.add(4_000_000_000_000, cgroup, { pid: shell.pid });
    expect(dumpIds(cgroups.path)).toEqual([cgroupId(cgroup), cgroupId(other), 4_000_000_000_000].sort((a, b) => a - b));
    namespaces.add(`/proc/${shell.pid}/ns/mnt`, { pid: process.pid });
    expect(dumpIds(namespaces.path)).toEqual(
      [shell.pid, process.pid].map(mountNamespaceOfProcess).sort((a, b) => a - b),
    );
    expect(namespaces.has({ pid: shell.pid })).toBe(true);
  });

  test("of the wrong kind are refused", async () => {
    const cgroup = makeCgroup();
    const shell = await startShell(["unshare", "-m", "bash"]);
    const namespace = mountNamespaceOfProcess(shell.pid);
    const cgroups = create("cgroup");
    const namespaces = create("mntns");

    expect(() => cgroups.add(namespace)).toThrow(
      `Cannot add ${namespace} to ${cgroups.path}: it is a mount-namespace id, and this is a set of cgroups`,
    );
    expect(() => cgroups.add(`/proc/${shell.pid}/ns/mnt`)).toThrow("as a cgroup: it is a namespace");
    expect(() => namespaces.add(cgroupId(cgroup))).toThrow(
      `Cannot add ${cgroupId(cgroup)} to ${namespaces.path}: it is a cgroup id, and this is a set of mount namespaces`,
    );
    expect(() => namespaces.add(cgroup)).toThrow(`Cannot use ${cgroup} as a mount namespace: it is a cgroup`);
    expect(() => namespaces.add(2 ** 40)).toThrow("it is no mount-namespace id");
    for (const id of [0, -1, 1.5, 2 ** 53, NaN]) expect(() => cgroups.add(id)).toThrow(`Cannot use ${id} as an id`);
    expect([...dumpIds(cgroups.path), ...dumpIds(namespaces.path)]).toEqual([]);
  });

  test("of the wrong kind that others put in can be deleted", () => {
    const set = create("cgroup");
    bpftool("map", "update", "pinned", set.path, ...keyWords(0xf0000001), "value", ...ZEROS.cgroup, "any");
    expect(set.delete(0xf0000001)).toBe(true);
  });

  test("are added all or none", () => {
    const cgroup = makeCgroup();
    const set = create("cgroup", 2);
    set.add(7);

    expect(() => set.add(8, "/no/such/path")).toThrow("there is no such path");
    expect(() => set.add(7, cgroup, 9)).toThrow(
      `Cannot add to ${set.path}: the set is full with 2 members; delete dead ones or make a larger set`,
    );
    expect(dumpIds(set.path)).toEqual([7]);
    set.add(7, cgroup);
    expect(() => set.add(7, cgroup)).not.toThrow();
  });
});

describe("a list", () => {
  test("has the directory of each cgroup, or says that it is dead", () => {
    const set = create("cgroup");
    const cgroup = makeCgroup();
    const removed = makeCgroup();
    const dead = cgroupId(removed);
    set.add(cgroup, removed);
    rmdirSync(removed);

    expect(set.list()).toEqual([
      { id: cgroupId(cgroup), dead: false, path: cgroup },
      { id: dead, dead: true },
    ]);
  });

  test("has the processes of each mount namespace, or says that it is dead", async () => {
    const set = create("mntns");
    const shell = await startShell(["unshare", "-m", "bash"]);
    const ended = await startShell(["unshare", "-m", "bash"]);
    const [id, dead] = [shell, ended].map(({ pid }) => mountNamespaceOfProcess(pid)) as [number, number];
    set.add(id, dead);
    await ended.end();

    const members = set.list();
    expect(members).toHaveLength(2);
    expect(members).toContainEqual({
      id,
      dead: false,
      processes: [{ pid: shell.pid, comm: "bash" }],
    });
    expect(members).toContainEqual({ id: dead, dead: true });
  });

  test("is complete if there are more members than one read takes", () => {
    const set = create("cgroup", 5000);
    const ids = Array.from({ length: 5000 }, (_, i) => 1_000_000 + i);
    set.add(...ids);
    expect(set.list().map(({ id }) => id)).toEqual(ids);
  });

  test("refuses a key with reversed bytes, and says how to remove it", () => {
    const set = create("cgroup");
    bpftool(
      "map",
      "update",
      "pinned",
      set.path,
      "key",
      "hex",
      ..."00 00 00 01 00 00 16 77".split(" "),
      "value",
      ...ZEROS.cgroup,
      "any",
    );
    expect(() => set.list()).toThrow(MapMismatchError);
    expect(() => set.list()).toThrow(
      `it holds the key 00 00 00 01 00 00 16 77, which is no id (are its bytes in reverse?); remove it: bpftool map delete pinned ${set.path} key hex 00 00 00 01 00 00 16 77`,
    );
  });
});

test("a set lives on without its pin while it is open, and is gone after", () => {
  const pin = pinPath();
  const set = PinnedSet.create(pin, "cgroup");
  const { id } = set.map.info;
  set.unpin();
  set.add(5);
  expect(set.has(5)).toBe(true);
  expect(() => unlinkSync(pin)).toThrow("ENOENT");
  set.close();
  expect((bpftool("map", "list") as { id: number }[]).map((map) => map.id)).not.toContain(id);
});
