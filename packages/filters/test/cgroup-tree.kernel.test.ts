import { mkdirSync, rmdirSync } from "node:fs";

import { cgroupId, CgroupTree, PinnedSet } from "@rxbpf/filters";
import { expect, onTestFinished, test } from "vitest";

import { makeCgroup, openMaps, pinPath } from "../../../testing/kernel-objects.js";

test("cgroups made below are in it at once, at every depth, and those removed are not; others never are", () => {
  const top = makeCgroup();
  const tree = new CgroupTree(top);
  onTestFinished(() => tree.close());
  const beside = makeCgroup();
  const below = [`${top}/a`, `${top}/a/b`, `${top}/a/b/c`];
  for (const path of below) mkdirSync(path);
  const ids = below.map(cgroupId);
  expect(tree.ids().sort()).toEqual([cgroupId(top), ...ids].sort());
  expect(tree.ids()).not.toContain(cgroupId(beside));
  for (const path of below.toReversed()) rmdirSync(path);
  expect(tree.ids()).toEqual([cgroupId(top)]);
  expect(tree.missed).toBe(0);
});

test("it leaves nothing open, also where there is no cgroup", () => {
  const before = openMaps();
  new CgroupTree(makeCgroup()).close();
  expect(openMaps()).toBe(before);
  expect(() => new CgroupTree("/proc")).toThrow(
    "Cannot get the cgroup id of /proc: it is not on a cgroup v2 file system",
  );
  expect(openMaps()).toBe(before);
});

test("a set of another's is not changed by what is made below its members", () => {
  const top = makeCgroup();
  const set = PinnedSet.create(pinPath(), "cgroup");
  const tree = new CgroupTree(top);
  onTestFinished(() => {
    set.close();
    tree.close();
  });
  set.add(top);
  mkdirSync(`${top}/below`);
  expect(set.ids()).toEqual([cgroupId(top)]);
  rmdirSync(`${top}/below`);
});
