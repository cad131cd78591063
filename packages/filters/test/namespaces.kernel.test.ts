import {
  isNamespaceId,
  liveCgroups,
  liveMountNamespaces,
  mountNamespaceId,
  mountNamespaceOfProcess,
} from "@rxbpf/filters";
import { expect, test } from "vitest";

import { startShell } from "../../../testing/shell.js";

test("a process's mount namespace is the one that it reads itself", async () => {
  const shell = await startShell(["unshare", "-m", "bash"]);
  const own = Number(await shell.run("stat -Lc %i /proc/self/ns/mnt"));

  expect(mountNamespaceOfProcess(shell.pid)).toBe(own);
  expect(mountNamespaceId(`/proc/${shell.pid}/ns/mnt`)).toBe(own);
  expect(own).not.toBe(mountNamespaceId("/proc/self/ns/mnt"));
});

test("every mount namespace, also the first, has an id in the range of namespaces, and no cgroup has", () => {
  for (const id of liveMountNamespaces().keys()) expect(isNamespaceId(id), String(id)).toBe(true);
  for (const id of liveCgroups().keys()) expect(isNamespaceId(id), String(id)).toBe(false);
  expect(isNamespaceId(0xeffffff7)).toBe(false);
  expect(isNamespaceId(0x1_0000_0000)).toBe(false);
});

test("live namespaces are listed with their processes, whatever names these have", async () => {
  const shell = await startShell(["unshare", "-m", "bash"]);
  await shell.run("printf 'b\\033[2J' > /proc/$$/comm");
  const id = mountNamespaceOfProcess(shell.pid);

  expect(liveMountNamespaces().get(id)).toEqual([{ pid: shell.pid, comm: "b\u001b[2J" }]);
  await shell.end();
  expect(liveMountNamespaces().has(id)).toBe(false);
});

test("paths that are no mount namespace are refused, each for its own reason", async () => {
  const shell = await startShell();
  await shell.end();

  expect(() => mountNamespaceId("/proc/self/ns/net")).toThrow("it is a namespace of another kind, net");
  expect(() => mountNamespaceId("/etc/passwd")).toThrow("it is not a namespace; give a path like /proc/PID/ns/mnt");
  expect(() => mountNamespaceId("/proc/self/exe")).toThrow("it is not a namespace; give a path like /proc/PID/ns/mnt");
  expect(() => mountNamespaceId("/no/such/path")).toThrow("there is no such path");
  expect(() => mountNamespaceOfProcess(shell.pid)).toThrow(
    `Cannot find the mount namespace of process ${shell.pid}: there is no such process`,
  );
});
