import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { cgroupId, cgroupIdBytes, cgroupIdOfProcess, cgroupMounts, cgroupOfProcess, liveCgroups } from "@rxbpf/filters";
import { expect, onTestFinished, test } from "vitest";

import { makeCgroup } from "../../../testing/kernel-objects.js";
import { startShell } from "../../../testing/shell.js";

function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), "rxbpf-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test("a cgroup's id is its directory's inode number, its bytes that number in memory order", () => {
  const cgroup = makeCgroup();
  const inode = Number(execFileSync("stat", ["-c", "%i", cgroup]));

  expect(cgroupId(cgroup)).toBe(inode);
  expect(Buffer.from(cgroupIdBytes(cgroup)).readBigUInt64LE()).toBe(BigInt(inode));
});

test("a symbolic link to a cgroup, and a path that ends in a slash, give the cgroup's id", () => {
  const cgroup = makeCgroup();
  const link = path.join(temporaryDirectory(), "link");
  symlinkSync(cgroup, link);

  expect(cgroupId(link)).toBe(cgroupId(cgroup));
  expect(cgroupId(`${cgroup}/`)).toBe(cgroupId(cgroup));
});

test("paths that are no directory of cgroup v2 are refused, each for its own reason", () => {
  const cgroup = makeCgroup();
  const elsewhere = temporaryDirectory();
  const mount = `cgroup v2 is mounted at ${cgroupMounts()[0]?.path}`;

  expect(() => cgroupId("/no/such/path")).toThrow("Cannot get the cgroup id of /no/such/path: there is no such path");
  expect(() => cgroupId(elsewhere)).toThrow(`${elsewhere}: it is not on a cgroup v2 file system; ${mount}`);
  expect(() => cgroupId(`${cgroup}/cgroup.procs`)).toThrow("it is a file; give the cgroup's directory");
});

test("a directory of cgroup v1 is told apart from one of v2", () => {
  const directory = temporaryDirectory();
  execFileSync("mount", ["-t", "cgroup", "-o", `none,name=rxbpf${process.pid}`, "cgroup", directory]);
  try {
    expect(() => cgroupId(directory)).toThrow(
      /it belongs to cgroup v1, which has no such ids; cgroup v2 is mounted at \//,
    );
  } finally {
    execFileSync("umount", [directory]);
  }
});

test("all live cgroups are found, also nested ones and those whose names are not UTF-8", () => {
  const outer = makeCgroup();
  const inner = makeCgroup(outer, "a b");
  const odd = Buffer.concat([Buffer.from(`${outer}/`), Buffer.from([0xff, 0x1b])]);
  mkdirSync(odd);
  const live = liveCgroups();
  const oddInode = Number(execFileSync("bash", ["-c", "stat -c %i \"$1\"/$'\\xff\\x1b'", "-", outer]));
  rmdirSync(odd);

  expect(live.get(cgroupId(outer))).toBe(outer);
  expect(live.get(cgroupId(inner))).toBe(inner);
  expect(live.has(oddInode)).toBe(true);
  expect(liveCgroups().has(oddInode)).toBe(false);
});

test("the cgroup of a process is the directory that it was moved into", async () => {
  const cgroup = makeCgroup();
  const shell = await startShell();
  shell.enter(cgroup);

  expect(cgroupOfProcess(shell.pid)).toBe(cgroup);
  expect(cgroupIdOfProcess(shell.pid)).toBe(cgroupId(cgroup));
  await shell.end();
  expect(() => cgroupIdOfProcess(shell.pid)).toThrow(
    `Cannot find the cgroup of process ${shell.pid}: there is no such process`,
  );
});

test("a process in the topmost cgroup is in the mount's own directory", async () => {
  const { path } = cgroupMounts()[0]!;
  const shell = await startShell();
  shell.enter(path);

  expect(cgroupOfProcess(shell.pid)).toBe(path);
});
