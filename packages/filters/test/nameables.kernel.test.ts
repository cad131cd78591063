import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";

import { cgroupId, ContainerNames, nameables } from "@rxbpf/filters";
import { expect, test } from "vitest";

import { containerId, dockerServer, engineFiles, makeCgroups } from "../../../testing/engines.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { startShell } from "../../../testing/shell.js";

const NOBODY = "/no/such/socket";
const UID = "9f1c2c0e-7a5d-4c0b-9d0e-0123456789ab";
const SLICE = `kubepods-burstable-pod${UID.replaceAll("-", "_")}.slice`;

/** What is found below a cgroup. */
function below(top: string, names: ContainerNames) {
  return nameables(names).filter(({ path }) => path.startsWith(`${top}/`));
}

test("containers are found with what is in them, by the names that Docker's files give", async () => {
  const id = containerId();
  const { top, paths } = makeCgroups(
    `system.slice/docker-${id}.scope`,
    `system.slice/docker-${id}.scope/inner.service`,
  );
  const [one, inner] = [await startShell(), await startShell()];
  one.enter(paths[0]!);
  inner.enter(paths[1]!);
  const files = engineFiles();
  files.write(`/var/lib/docker/containers/${id}/config.v2.json`, { Name: "/web", Config: { Labels: {} } });
  expect(below(top, new ContainerNames(files.root, NOBODY))).toEqual([
    {
      kind: "container",
      name: "web",
      engine: "docker",
      containerId: id,
      unit: `docker-${id}.scope`,
      cgroupId: cgroupId(paths[0]!),
      path: paths[0],
      processes: 2,
    },
    {
      kind: "slice",
      name: "system.slice",
      cgroupId: cgroupId(`${top}/system.slice`),
      path: `${top}/system.slice`,
      processes: 2,
    },
  ]);
});

test("where files tell nothing Docker's socket is asked; where neither does the id is the name", async () => {
  const [known, unknown] = [containerId(), containerId()];
  const { top } = makeCgroups(`docker/${known}`, `docker/${unknown}`);
  const socket = await dockerServer([{ Id: known, Names: ["/db\u001b[2J"] }]);
  const names = (asked: ContainerNames) => below(top, asked).map(({ name }) => name);
  expect(names(new ContainerNames("/nowhere", socket)).sort()).toEqual([unknown, "db\u001b[2J"].sort());
  expect(names(new ContainerNames("/nowhere", NOBODY)).sort()).toEqual([known, unknown].sort());
});

test("pods are called what their containers say, containerd's and CRI-O's", () => {
  const [sandbox, web, other] = [containerId(), containerId(), containerId()];
  const { top } = makeCgroups(
    `kubepods.slice/kubepods-burstable.slice/${SLICE}/cri-containerd-${sandbox}.scope`,
    `kubepods.slice/kubepods-burstable.slice/${SLICE}/cri-containerd-${web}.scope`,
    `kubepods/pod${UID}/crio-${other}`,
  );
  const files = engineFiles();
  const annotations = { "io.kubernetes.cri.sandbox-name": "web-7d4", "io.kubernetes.cri.sandbox-namespace": "shop" };
  const bundles = "/run/containerd/io.containerd.runtime.v2.task/k8s.io";
  files.write(`${bundles}/${sandbox}/config.json`, { annotations });
  files.write(`${bundles}/${web}/config.json`, {
    annotations: { ...annotations, "io.kubernetes.cri.container-name": "nginx" },
  });
  files.write(`/run/containers/storage/overlay-containers/${other}/userdata/config.json`, {
    annotations: {
      "io.kubernetes.container.name": "redis",
      "io.kubernetes.pod.name": "db-0",
      "io.kubernetes.pod.namespace": "shop",
    },
  });
  const found = below(top, new ContainerNames(files.root, NOBODY));
  const told = found.map(({ kind, name, engine, pod, podUid, qos }) => ({ kind, name, engine, pod, podUid, qos }));
  expect(found.find(({ name }) => name === sandbox)).toMatchObject({ kind: "container", pod: "shop/web-7d4" });
  expect(told.filter(({ kind, name }) => kind === "pod" || (kind === "container" && name !== sandbox))).toEqual([
    { kind: "container", name: "nginx", engine: "containerd", pod: "shop/web-7d4", podUid: UID, qos: "burstable" },
    { kind: "container", name: "redis", engine: "cri-o", pod: "shop/db-0", podUid: UID, qos: "guaranteed" },
    { kind: "pod", name: "shop/db-0", podUid: UID, qos: "guaranteed" },
    { kind: "pod", name: "shop/web-7d4", podUid: UID, qos: "burstable" },
  ]);
});

test("what users run without root is called what their files say, root's what root's say", () => {
  const [root, user, removed, docker] = [containerId(), containerId(), containerId(), containerId()];
  const session = "user.slice/user-4711.slice/user@4711.service/user.slice";
  const { top } = makeCgroups(
    `machine.slice/libpod-${root}.scope/container`,
    `${session}/libpod-${user}.scope`,
    `${session}/libpod-${removed}.scope`,
    `${session}/docker-${docker}.scope`,
  );
  const files = engineFiles();
  const home = "/home/bob/.local/share";
  files.write("/var/lib/containers/storage/overlay-containers/containers.json", [{ id: root, names: ["one"] }]);
  files.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nbob:x:4711:4711::/home/bob:/bin/sh\n");
  files.write(`${home}/containers/storage/vfs-containers/containers.json`, [{ id: user, names: ["two"] }]);
  files.write(`${home}/containers/storage/overlay-containers/volatile-containers.json`, [
    { id: removed, names: ["rm"] },
  ]);
  files.write(`${home}/docker/containers/${docker}/config.v2.json`, { Name: "/three" });
  const found = below(top, new ContainerNames(files.root, NOBODY)).filter(({ kind }) => kind === "container");
  expect(found.map(({ name, engine }) => [name, engine])).toEqual([
    ["one", "podman"],
    ["rm", "podman"],
    ["three", "docker"],
    ["two", "podman"],
  ]);
});

test("a user's files that are no files tell no name, and hold up nobody", () => {
  const [fifo, device, large] = [containerId(), containerId(), containerId()];
  const files = engineFiles();
  files.write("/etc/passwd", "bob:x:4711:4711::/home/bob:/bin/sh\n");
  const place = (id: string) => `${files.root}/home/bob/.local/share/docker/containers/${id}/config.v2.json`;
  for (const id of [fifo, device, large]) mkdirSync(path.dirname(place(id)), { recursive: true });
  execFileSync("mkfifo", [place(fifo)]);
  symlinkSync("/dev/zero", place(device));
  writeFileSync(place(large), '{"Name":"/large"}');
  truncateSync(place(large), 2 ** 40);
  const names = new ContainerNames(files.root, NOBODY);
  for (const containerId of [fifo, device, large])
    expect(names.of({ containerId, engine: "docker", uid: 4711 })).toEqual({});
});

test.each(["", "{", "[]", '{"Name":7}', '{"annotations":{"nerdctl/name":{}}}', "null"])(
  "files that say %j tell no name",
  (content) => {
    const id = containerId();
    const files = engineFiles();
    for (const file of [
      `/var/lib/docker/containers/${id}/config.v2.json`,
      `/run/containers/storage/overlay-containers/${id}/config.json`,
      "/var/lib/containers/storage/overlay-containers/containers.json",
    ])
      files.write(file, content);
    expect(new ContainerNames(files.root, NOBODY).of({ containerId: id })).toEqual({});
  },
);

test("units are listed by name, with all processes below them", async () => {
  const name = `${uniqueName()}.service`;
  const { top, paths } = makeCgroups(`${name}/worker`);
  const shell = await startShell();
  shell.enter(paths[0]!);
  expect(below(top, new ContainerNames("/nowhere", NOBODY))).toEqual([
    { kind: "unit", name, cgroupId: cgroupId(`${top}/${name}`), path: `${top}/${name}`, processes: 1 },
  ]);
});
