import { mkdirSync, rmdirSync, statSync } from "node:fs";

import { bytesOf } from "@rxbpf/core";
import { cgroupId, NamedCgroups } from "@rxbpf/filters";
import { expect, onTestFinished, test, vi } from "vitest";

import { containerId, dockerServer, inHierarchy, makeCgroups } from "../../../testing/engines.js";
import { uniqueName } from "../../../testing/kernel-objects.js";

/** Docker says this of its containers, and nothing else asks it. */
async function dockerHas(containers: Parameters<typeof dockerServer>[0]): Promise<void> {
  vi.stubEnv("DOCKER_HOST", `unix://${await dockerServer(containers)}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}

function namedCgroups(): NamedCgroups {
  const cgroups = new NamedCgroups();
  onTestFinished(() => cgroups.close());
  return cgroups;
}

test("cgroups that were there at the start are named, also when they are gone", async () => {
  const [id, inPod, unnamed, name] = [containerId(), containerId(), containerId(), uniqueName()];
  const Labels = { "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.name": "web-0" };
  await dockerHas([
    { Id: id, Names: [`/${name}`] },
    { Id: inPod, Names: ["/k8s"], Labels: { ...Labels, "io.kubernetes.container.name": "nginx" } },
  ]);
  const { paths } = makeCgroups(
    `docker-${id}.scope/inner`,
    `docker-${inPod}.scope`,
    `docker-${unnamed}.scope`,
    `${name}.service`,
    "plain",
  );
  const ids = paths.map(cgroupId);
  const cgroups = namedCgroups();
  vi.stubEnv("DOCKER_HOST", "unix:///no/such/socket");
  for (const path of paths) rmdirSync(path);
  const path = (i: number): string => inHierarchy(paths[i]!);
  expect(ids.map((one) => cgroups.of(one))).toEqual([
    { id: ids[0], path: path(0), container: name, unit: `docker-${id}.scope` },
    { id: ids[1], path: path(1), container: "nginx", unit: `docker-${inPod}.scope`, pod: "shop/web-0" },
    { id: ids[2], path: path(2), container: unnamed, unit: `docker-${unnamed}.scope` },
    { id: ids[3], path: path(3), unit: `${name}.service` },
    { id: ids[4], path: path(4) },
  ]);
});

test("cgroups that are made and removed before anybody looks are named, a thousand in a row", () => {
  const { top } = makeCgroups();
  const cgroups = namedCgroups();
  const expected = Array.from({ length: 1000 }, (_, i) => {
    const directory = `${top}/${i}.service`;
    mkdirSync(directory);
    const id = cgroupId(directory);
    rmdirSync(directory);
    return { id, path: inHierarchy(directory), unit: `${i}.service` };
  });
  expect(expected.map(({ id }) => cgroups.of(id))).toEqual(expected);
});

test("a new container is named once it is there, as its engine forgets it, and looked for again where nobody names it", async () => {
  const [id, late, name] = [containerId(), containerId(), uniqueName()];
  const { top } = makeCgroups();
  await dockerHas([{ Id: id, Names: [`/${name}`] }]);
  const cgroups = namedCgroups();
  const make = (one: string): number => {
    mkdirSync(`${top}/docker-${one}.scope`);
    return cgroupId(`${top}/docker-${one}.scope`);
  };
  const [first, second] = [make(id), make(late)];
  await expect.poll(() => cgroups.of(first)?.container).toBe(name);
  expect(cgroups.of(second)?.container).toBe(late);
  await dockerHas([{ Id: late, Names: [`/${name}-late`] }]);
  await expect.poll(() => cgroups.of(second)?.container).toBe(`${name}-late`);
  expect(cgroups.of(first)?.container).toBe(name);
});

test("a path keeps its bytes, whatever they are, read from the tree and from the kernel", () => {
  const { top } = makeCgroups();
  // Only a newline is refused by the kernel.
  const names = [
    Buffer.from("a\tb\u001b[2Jc\r"),
    Buffer.from([0x62, 0xff, 0xfe, 0xc3, 0x28]),
    Buffer.from("ü".repeat(127)),
    Buffer.from("\u202edocker"),
  ];
  const directories = names.map((one) => Buffer.concat([Buffer.from(`${top}/`), one]));
  const before = directories.slice(0, 2).map((one) => {
    mkdirSync(one);
    return statSync(one).ino;
  });
  const cgroups = namedCgroups();
  const after = directories.map((one, i) => {
    if (i > 1) mkdirSync(one);
    const { ino } = statSync(one);
    rmdirSync(one);
    return ino;
  });
  expect(after.slice(0, 2)).toEqual(before);
  const told = after.map((id) => bytesOf(cgroups.of(id)!.path));
  expect(told).toEqual(names.map((one) => Buffer.concat([Buffer.from(`${inHierarchy(top)}/`), one])));
});

test("a path that is longer than the kernel's word of it is whole while the cgroup is there", () => {
  const { top } = makeCgroups();
  const cgroups = namedCgroups();
  let directory = top;
  for (let i = 0; i < 6; i++) mkdirSync((directory += `/${String(i).repeat(250)}`));
  expect(cgroups.of(cgroupId(directory))?.path).toBe(inHierarchy(directory));
});

test("an id that is nowhere has no name, and the topmost cgroup's is a slash", () => {
  const cgroups = namedCgroups();
  expect([0, 1, 2 ** 52].map((id) => cgroups.of(id))).toEqual([undefined, { id: 1, path: "/" }, undefined]);
});
