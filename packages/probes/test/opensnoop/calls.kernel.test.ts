import { constants, mkdtempSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { type OpenEvent, opensnoop } from "@rxbpf/probes";
import { beforeEach, expect, test } from "vitest";

import { makeCgroup } from "../../../../testing/kernel-objects.js";
import { compile, run, start, temporaryFolder } from "../../../../testing/programs.js";
import { collect, record } from "../../../../testing/recording.js";
import { type Report, startOpens } from "./opens.js";

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
const O_TMPFILE = 0o20000000;
const O_CLOEXEC = 0o2000000;
const { EBADF, EEXIST, EINPROGRESS, ENOENT } = os.constants.errno;

const temporary = temporaryFolder();
const program = (name: string): string => compile(new URL(`programs/${name}.c`, import.meta.url), temporary);
const small = { ringBytes: 4 << 20 };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(temporary, "files-"));
});

test("every call is an event, and every field of it is what the process did", async () => {
  const cgroup = makeCgroup();
  const opens = await startOpens(program("opens"), folder, ["unshare", "-m"]);
  writeFileSync(`${cgroup}/cgroup.procs`, String(opens.pid));
  const mntnsId = statSync(`/proc/${opens.pid}/ns/mnt`).ino;
  expect(mntnsId).not.toBe(statSync("/proc/self/ns/mnt").ino);

  let reports: Report[] = [];
  const before = Date.now();
  const events = await collect(opensnoop(small), async () => (reports = await opens.open()));
  const after = Date.now();

  expect(reports).toHaveLength(21);
  expect(new Set(reports.map(({ call }) => call))).toEqual(new Set(["open", "openat", "openat2", "creat"]));
  // The loader's opens are of absolute paths, the program's own of relative ones.
  const own = events.filter((event) => event.pid === opens.pid && !event.path.startsWith("/"));
  expect(own).toEqual(
    reports.map(({ call: _, mode, ...report }) => ({
      ...report,
      mode: report.flags & (O_CREAT | O_TMPFILE) ? mode : 0,
      time: expect.toSatisfy((time) => time > before - 2 && time < after + 2),
      cgroupId: statSync(cgroup).ino,
      mntnsId,
      execId: own[0]?.execId,
      cpu: expect.toSatisfy((cpu) => cpu >= 0 && cpu < os.cpus().length),
      truncated: false,
      ioUring: false,
    })),
  );
});

test("32-bit calls of a 64-bit program are opens by the 32-bit numbers, and only by those", async () => {
  const file = path.join(folder, "compat");
  const recording = await record(opensnoop(small));
  const { stdout } = await run(program("compat"), [file]);
  const rets = stdout.split(" ").map(Number);
  const events = (await recording.finish()).filter(
    ({ comm, path }) => comm === "compat" && !/^\/(etc|lib)\//.test(path),
  );
  expect(events.map(({ path, ret, flags, mode }) => ({ path, ret, flags, mode }))).toEqual([
    { path: file, ret: rets[0], flags: O_CREAT | O_WRONLY | O_TRUNC, mode: 0o640 },
    { path: file, ret: rets[1], flags: O_WRONLY | O_APPEND, mode: 0 },
    { path: file, ret: -EEXIST, flags: O_CREAT | O_EXCL, mode: 0o600 },
    { path: file, ret: rets[3], flags: O_RDONLY | O_CLOEXEC, mode: 0 },
  ]);
  expect(rets.every((ret, i) => (i === 2 ? ret === -EEXIST : ret > 2))).toBe(true);
});

/** Runs programs/uring.c while a stream is attached. Gives what it printed, and its opens through io_uring. */
async function uring(command: string, options: Parameters<typeof opensnoop>[0] = {}) {
  writeFileSync(path.join(folder, "made"), "");
  const recording = await record(opensnoop({ ...small, ...options }));
  const { pid, stdout, status } = await run(program("uring"), [command, folder]);
  expect(status).toBe(0);
  const events = (await recording.finish()).filter((event) => event.pid === pid && event.ioUring);
  expect(recording.lost()).toBe(0);
  return { results: stdout.trim().split("\n"), events };
}

test("opens through io_uring are events with the result that the process gets", async () => {
  const { results, events } = await uring("kinds");
  expect(results.map(Number)).toEqual([expect.any(Number), -ENOENT, expect.any(Number)]);
  const pick = ({ path, ret, flags, mode, comm, uid }: OpenEvent) => ({ path, ret, flags, mode, comm, uid });
  const who = { comm: "uring", uid: 0 };
  expect(events.map(pick).sort((a, b) => a.path.localeCompare(b.path))).toEqual([
    { ...who, path: "made", ret: Number(results[0]), flags: O_RDONLY, mode: 0 },
    { ...who, path: "made by uring", ret: Number(results[2]), flags: O_CREAT | O_RDWR, mode: 0o640 },
    { ...who, path: "missing", ret: -ENOENT, flags: O_RDWR | O_CLOEXEC, mode: 0 },
  ]);
});

test("options narrow and complete opens through io_uring too", async () => {
  expect((await uring("kinds", { failed: true })).events.map(({ path }) => path)).toEqual(["missing"]);
  expect((await uring("kinds", { flagFilter: ["O_CREAT"] })).events.map(({ path }) => path)).toEqual(["made by uring"]);
  const { events } = await uring("kinds", { fullPath: true });
  expect(events.map(({ path }) => path).sort()).toEqual(
    ["made", "made by uring", "missing"].map((name) => `${folder}/${name}`),
  );
});

test("with fullPath an open through io_uring names the file that was opened", async () => {
  symlinkSync("real", path.join(folder, "made"));
  const { events } = await uring("kinds", { fullPath: true });
  expect(events.map(({ path }) => path).sort()).toEqual(
    ["made by uring", "missing", "real"].map((name) => `${folder}/${name}`),
  );
});

test("a hundred opens that io_uring takes in one call are a hundred events", async () => {
  const { results, events } = await uring("many");
  expect(results).toHaveLength(200);
  expect(events.map(({ ret }) => ret).sort((a, b) => a - b)).toEqual(results.map(Number).sort((a, b) => a - b));
});

test("an open that io_uring completes in silence is told as under way, and never with the result of something else", async () => {
  const { results, events } = await uring("silent");
  expect(results).toEqual(["-", ...Array<string>(8).fill(String(-EBADF)), String(-ENOENT)]);
  expect(events.map(({ path, ret }) => [path, ret])).toEqual([
    ["made", -EINPROGRESS],
    ["missing", -EINPROGRESS],
  ]);
});

test("of silent opens those that failed are told with their error when failures are asked for", async () => {
  const { events } = await uring("silent", { failed: true });
  expect(events.map(({ path, ret }) => [path, ret])).toEqual([["missing", -ENOENT]]);
});

test("a stream counts what a full ring loses, exactly", async () => {
  const COUNT = 20_000;
  const recording = await record(opensnoop({ ringBytes: 4096 }));
  const opens = start("sh", ["-c", `read -r go; i=0; while [ $i -lt ${COUNT} ]; do i=$((i+1)); : < /dev/null; done`]);
  const narrow = await record(opensnoop({ ringBytes: 4096, pid: opens.pid, flagFilter: ["O_RDONLY"] }));
  opens.write("go");
  // This process reads nothing meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  await opens.ended();
  const events = await narrow.finish();
  expect(narrow.lost()).toBeGreaterThan(0);
  expect(events.length + narrow.lost()).toBe(COUNT);
  await recording.finish();
  expect(recording.events.length + recording.lost()).toBeGreaterThanOrEqual(COUNT);
});
