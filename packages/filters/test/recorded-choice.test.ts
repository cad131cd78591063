import type { NamedCgroup } from "@rxbpf/core/events";
import { cgroup, cgroupTree, container, notRecorded, pod, recordedChoice, type Selector, unit } from "@rxbpf/filters";
import { expect, test } from "vitest";

const [WEB, DB, SANDBOX] = ["a1".repeat(32), "b2".repeat(32), "c3".repeat(32)];
const UID = "9f1c2c0e-7a5d-4c0b-9d0e-0123456789ab";
const POD = `/kubepods/burstable/pod${UID}`;

const CGROUPS = new Map(
  [
    { id: 1, path: "/" },
    { id: 2, path: `/system.slice/docker-${WEB}.scope`, container: "web", unit: `docker-${WEB}.scope` },
    { id: 3, path: `/system.slice/docker-${WEB}.scope/init.scope`, container: "web", unit: "init.scope" },
    { id: 4, path: `/system.slice/docker-${WEB}.scope/docker/${DB}`, container: DB, unit: `docker-${WEB}.scope` },
    { id: 5, path: "/system.slice/nginx.service", unit: "nginx.service" },
    { id: 6, path: "/system.slice/nginx.service/workers", unit: "nginx.service" },
    { id: 7, path: `${POD}/${SANDBOX}`, container: "redis", pod: "shop/db-0" },
    { id: 8, path: `${POD}`, pod: UID },
  ].map((one: NamedCgroup) => [one.id, one]),
);

const chosen = (...selectors: readonly Selector[]): number[] =>
  [...CGROUPS.keys(), 99].filter(recordedChoice(selectors, CGROUPS));

test("selectors choose among recorded cgroups what they choose live, with what is below", () => {
  expect(chosen(container("web"))).toEqual([2, 3, 4]);
  expect(chosen(container("w*"), container("redis"))).toEqual([2, 3, 4, 7]);
  expect(chosen(container(DB.slice(0, 8)))).toEqual([4]);
  expect(chosen(unit("nginx"))).toEqual([5, 6]);
  expect(chosen(unit("docker-*.scope"))).toEqual([2, 3, 4]);
  expect(chosen(unit("system.slice"))).toEqual([2, 3, 4, 5, 6]);
  expect(chosen(pod("sh*/db-?"))).toEqual([7]);
  expect(chosen(pod(UID))).toEqual([7, 8]);
  expect(chosen(cgroup("/system.slice/nginx.service"))).toEqual([5]);
  expect(chosen(cgroupTree("/system.slice/nginx.service"))).toEqual([5, 6]);
  expect(chosen(cgroupTree("/kubepods"))).toEqual([7, 8]);
  expect(chosen(unit("init.scope"), container("web"))).toEqual([3]);
  expect(chosen(unit("nginx"), container("web"))).toEqual([]);
});

test("what is not there is told, with what may have been meant", () => {
  expect(notRecorded([container("wep"), unit("nginx")], CGROUPS)).toEqual([
    "the recording has no container wep; it has web",
  ]);
  expect(notRecorded([cgroup("/nowhere")], CGROUPS)).toEqual(["the recording has no cgroup /nowhere"]);
  expect(notRecorded([unit("nginx")], new Map())).toEqual([
    "the recording names no cgroups, so it is not known which events are chosen",
  ]);
});

test("a path of a hostile recording is read once, however deep", () => {
  const deep = { id: 1, path: `${"/a".repeat(20_000)}/nginx.service`, unit: "nginx.service" };
  const cgroups = new Map(Array.from({ length: 10 }, (_, id) => [id, { ...deep, id }]));
  expect([...cgroups.keys()].every(recordedChoice([unit("nginx"), container("web*")], cgroups))).toBe(false);
  expect([...cgroups.keys()].every(recordedChoice([unit("nginx")], cgroups))).toBe(true);
});
