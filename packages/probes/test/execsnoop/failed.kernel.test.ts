import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { execsnoop } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { record } from "../../../../testing/recording.js";
import { argsOf, failed, programs } from "./execs.js";

const { ENOENT, EACCES, ENOEXEC, EFAULT, EBADF, ENOTDIR, E2BIG, ELOOP } = os.constants.errno;
const BAD = { word: "@" };

const { folder, exec, witness, trace } = programs();
const fails = { fails: true };

function file(name: string, content: string, mode: number): string {
  const made = path.join(folder, name);
  writeFileSync(made, content, { mode });
  return made;
}

const missing = path.join(folder, "missing");

test("with `fails` the programs for failed ones run too", async () => {
  const recording = await record(execsnoop(fails));
  expect(recording.statuses).toEqual([
    { type: "attached", programs: ["exec_done", "exec_failed", "exec_interrupted"] },
  ]);
});

describe("a failed exec is an event with the error number", () => {
  test.each([
    ["ENOENT, where there is no file", () => missing, ENOENT],
    ["ENOENT, where there is no interpreter", () => file("orphan", `#!${missing}\n`, 0o755), ENOENT],
    ["EACCES, where it is a directory", () => folder, EACCES],
    ["EACCES, where it may not be executed", () => file("plain", "#!/bin/sh\n", 0o644), EACCES],
    ["ENOEXEC, where it is no program", () => file("garbage", "\u0001\u0002", 0o755), ENOEXEC],
    ["ENOTDIR, where a directory on the way is none", () => `${witness}/x`, ENOTDIR],
    ["ELOOP, where scripts run scripts for ever", () => selfish(), ELOOP],
  ])("%s", async (_, target, errno) => {
    const name = target();
    const traced = await trace(fails, "execve", name, ["w", "1"]);
    const { tid, ret } = failed(traced);
    expect(ret).toBe(-errno);
    expect(traced.events).toMatchObject([
      {
        pid: traced.pid,
        tid,
        ppid: process.pid,
        pcomm: readFileSync("/proc/self/comm", "utf8").trim(),
        comm: "exec",
        ret,
        filename: name,
        file: "",
        device: 0,
        fsPath: "",
        cwd: process.cwd(),
        interpreter: "",
        args: ["w", "1"],
        interpreterArgs: [],
        truncated: false,
      },
    ]);
  });

  test.each<[string, () => unknown, number?]>([
    ["path", () => missing],
    ["dir", () => expect.stringMatching(/^\/dev\/fd\/\d\/missing$/)],
    ["not-open", () => "/dev/fd/1234567890/missing", EBADF],
    ["int80", () => missing],
  ])("by %s", async (how, filename, errno = ENOENT) => {
    const { pid, events } = await trace(fails, how, missing, ["w", "", "a b"]);
    expect(events).toMatchObject([
      { pid, ret: -errno, filename: filename(), args: ["w", "", "a b"], truncated: false },
    ]);
  });

  test("by descriptor", async () => {
    const { events } = await trace(fails, "descriptor", file("no program", "\u0001", 0o755), ["w"]);
    expect(events).toMatchObject([{ ret: -ENOEXEC, filename: expect.stringMatching(/^\/dev\/fd\/\d$/), args: ["w"] }]);
  });

  test("of a thread that is not the leader, with its id", async () => {
    const traced = await trace(fails, "-t execve", missing, ["w"]);
    expect(failed(traced).tid).not.toBe(traced.pid);
    expect(traced.events).toMatchObject([{ pid: traced.pid, tid: failed(traced).tid, ret: -ENOENT }]);
  });

  test("and one that succeeds is there once, beside it", async () => {
    const { events } = await trace(fails, "execve", witness, ["w"]);
    expect(events).toMatchObject([{ ret: 0, filename: witness }]);
  });

  function selfish(): string {
    const name = path.join(folder, "selfish");
    return file("selfish", `#!${name}\n`, 0o755);
  }
});

describe("what cannot be read is said to be cut", () => {
  test.each<[string, string, string, (string | { word: string })[], string[], number]>([
    ["a list at a bad address", "bad-list", witness, ["w"], [], EFAULT],
    ["an argument at a bad address", "execve", witness, ["w", "1", BAD, "2"], ["w", "1"], EFAULT],
    // The call fails before the kernel, or anybody, looks at the argument.
    ["an argument that is not in memory", "execve", missing, ["w", { word: "~" }, "2"], ["w"], ENOENT],
  ])("%s", async (_, how, target, given, args, errno) => {
    const { events } = await trace(fails, how, target, given);
    expect(events).toMatchObject([{ ret: -errno, filename: target, args, truncated: true }]);
    expect(argsOf(events[0]!)).toBe([target, ...args.slice(1), "..."].join(" "));
  });

  test("but a list that there is not is an empty one", async () => {
    const { events } = await trace(fails, "no-list", missing, []);
    expect(events).toMatchObject([{ ret: -ENOENT, filename: missing, args: [], truncated: false }]);
  });

  test("a file's name at a bad address is empty", async () => {
    const { events } = await trace(fails, "execve", "@", ["w", "1"]);
    expect(events).toMatchObject([{ ret: -EFAULT, filename: "", args: ["w", "1"] }]);
  });
});

test("a failed exec has the bytes of its arguments as the caller had them", async () => {
  const { events } = await trace(fails, "execve", missing, ["w", Buffer.from([0x61, 0xff, 0x0a]), "", "ü"]);
  expect(events).toMatchObject([{ args: ["w", "a\uefff\n", "", "ü"], truncated: false }]);
});

test("one argument too long for the kernel is read up to the limit all the same", async () => {
  const { events } = await trace(fails, "execve", witness, ["w", { word: "*200000" }]);
  expect(events).toMatchObject([{ ret: -E2BIG, args: ["w", "x".repeat(8190)], truncated: true }]);
});

test("a path as long as there can be is whole", async () => {
  const deep = `${folder}${"/.".repeat((4095 - folder.length) / 2 - 4)}`.padEnd(4095, "/");
  const { events } = await trace(fails, "execve", deep, ["w"]);
  expect(deep).toHaveLength(4095);
  expect(events).toMatchObject([{ ret: -EACCES, filename: deep, args: ["w"], truncated: false }]);
});

test("the search of a shell along its PATH is an event for each try", async () => {
  const name = path.basename(missing);
  const folders = ["one", "two", "three"].map((name) => path.join(folder, name));
  for (const each of folders) mkdirSync(each);
  const { events } = await trace(fails, "execve", "/usr/bin/env", ["env", `PATH=${folders.join(":")}`, name, "x"]);
  expect(exec).not.toBe(name);
  expect(events.slice(1).map(({ filename, ret, args }) => ({ filename, ret, args }))).toEqual(
    folders.map((each) => ({ filename: `${each}/${name}`, ret: -ENOENT, args: [name, "x"] })),
  );
});
