import { constants, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { type OpenEvent, opensnoop } from "@rxbpf/probes";
import { beforeAll, expect, test } from "vitest";

import { holdings } from "../../../../testing/holdings.js";
import { bpftool } from "../../../../testing/kernel-objects.js";
import { compile, run, temporaryFolder } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";
import { type Opens, startOpens } from "./opens.js";

const temporary = temporaryFolder();
const folder = path.join(temporary, "files");
let executable: string;

beforeAll(() => {
  executable = compile(new URL("programs/opens.c", import.meta.url), temporary);
  mkdirSync(folder);
});

type Options = NonNullable<Parameters<typeof opensnoop>[0]>;
type Case = readonly [Options, (event: OpenEvent) => boolean];

const { O_CREAT, O_DSYNC, O_EXCL, O_TRUNC } = constants;
const access = (flags: number): number => flags & 3;

/** What the kernel must leave over of all that a process opens. */
/** The kernel starts others as process 2, which opens nothing. */
const cases = ({ pid, secondTid }: Opens): readonly Case[] => [
  [{ failed: true }, ({ ret }) => ret < 0],
  [{ pid }, () => true],
  [{ pid: 2 }, () => false],
  [{ tid: secondTid }, ({ tid }) => tid === secondTid],
  [{ tid: pid }, ({ tid }) => tid === pid],
  [{ tid: secondTid, pid }, ({ tid }) => tid === secondTid],
  [{ tid: secondTid, pid: 2 }, () => false],
  [{ uid: 0 }, ({ uid }) => uid === 0],
  [{ uid: 12345 }, ({ uid }) => uid === 12345],
  [{ uid: 54321 }, () => false],
  [{ comm: "opens" }, ({ comm }) => comm === "opens"],
  [{ comm: "rx-" }, ({ comm }) => comm.startsWith("rx-")],
  [{ comm: "second" }, ({ comm }) => comm === "rx-second-thrd!"],
  [{ comm: "rx-second-thrd!" }, ({ comm }) => comm === "rx-second-thrd!"],
  [{ comm: "!" }, ({ comm }) => comm === "rx-second-thrd!"],
  [{ comm: "rx-second-thrd?" }, () => false],
  [{ comm: "opens " }, () => false],
  [{ flagFilter: ["O_RDONLY"] }, ({ flags }) => access(flags) === 0],
  [{ flagFilter: ["O_WRONLY"] }, ({ flags }) => access(flags) === 1],
  [{ flagFilter: ["O_RDWR"] }, ({ flags }) => access(flags) === 2],
  [{ flagFilter: ["O_CREAT"] }, ({ flags }) => (flags & O_CREAT) !== 0],
  [{ flagFilter: ["O_CREAT", "O_RDONLY"] }, ({ flags }) => (flags & O_CREAT) !== 0 || access(flags) === 0],
  [{ flagFilter: ["O_EXCL", "O_TRUNC"] }, ({ flags }) => (flags & (O_EXCL | O_TRUNC)) !== 0],
  [{ flagFilter: ["O_SYNC"] }, ({ flags }) => (flags & 0o4000000) !== 0],
  [{ flagFilter: ["O_DSYNC"] }, ({ flags }) => (flags & O_DSYNC) !== 0],
  [{ flagFilter: ["O_TMPFILE"] }, ({ flags }) => (flags & 0o20000000) !== 0],
  [{ flagFilter: ["O_DIRECTORY"] }, ({ flags }) => (flags & 0o200000) !== 0],
  [{ flagFilter: ["O_NOATIME"] }, () => false],
  [{ flagFilter: [] }, () => true],
  [
    { failed: true, flagFilter: ["O_RDWR"], uid: 0 },
    ({ ret, flags, uid }) => ret < 0 && access(flags) === 2 && uid === 0,
  ],
];

test("what the kernel leaves over for each option is what filtering all events would leave over", async () => {
  const opens = await startOpens(executable, folder);
  const all = await record(opensnoop({ ringBytes: 4 << 20 }));
  const narrowed = [];
  for (const [options, keeps] of cases(opens)) {
    narrowed.push({ options, keeps, recording: await record(opensnoop({ ringBytes: 4 << 20, ...options })) });
  }
  await opens.open();

  const own = ({ pid }: OpenEvent): boolean => pid === opens.pid;
  const whole = (await all.finish()).filter(own);
  expect(whole).toHaveLength(21);
  let empty = 0;
  for (const { options, keeps, recording } of narrowed) {
    const kept = await recording.finish();
    expect(recording.lost()).toBe(0);
    const expected = whole.filter(keeps);
    if (expected.length === 0) empty++;
    // Each stream reads the clock for itself.
    const content = (events: readonly OpenEvent[]) => events.map(({ time: _, cpu: __, ...event }) => event);
    expect(content(kept.filter(own)), JSON.stringify(options)).toEqual(content(expected));
    if ("pid" in options || "tid" in options) expect(kept.every(own), JSON.stringify(options)).toBe(true);
  }
  // The cases that keep nothing are those that should.
  expect(empty).toBe(6);
});

test("duration ends the stream on time, though nothing happens", async () => {
  const started = performance.now();
  const recording = await record(opensnoop({ duration: 1, uid: 4_000_000_000 }));
  await recording.completed;
  expect(performance.now() - started).toBeGreaterThan(990);
  expect(performance.now() - started).toBeLessThan(3000);
  expect(recording.events).toEqual([]);
});

test("this process is left out, unless it is asked for", async () => {
  const without = await record(opensnoop({ ringBytes: 4 << 20 }));
  const withSelf = await record(opensnoop({ ringBytes: 4 << 20, includeSelf: true }));
  readFileSync("/etc/hostname");
  await run("cat", ["/etc/hostname"]);
  await withSelf.find(({ pid, path }) => pid === process.pid && path === "/etc/hostname");
  await without.find(({ comm, path }) => comm === "cat" && path === "/etc/hostname");
  expect((await without.finish()).filter(({ pid }) => pid === process.pid)).toEqual([]);
});

test.each([
  [{ bufferPages: 2 }, 8192],
  [{ ringBytes: 16384 }, 16384],
  [{ ringBytes: 4096, bufferPages: 8 }, 4096],
] as const)("%j makes a ring of %i bytes", async (options, bytes) => {
  await record(opensnoop(options));
  const maps = holdings().objects.filter((object) => object.startsWith("map "));
  const shown = maps.map((map) => bpftool("map", "show", "id", map.slice(4)) as { type: string; max_entries: number });
  expect(shown.filter(({ type }) => type === "ringbuf").map((map) => map.max_entries)).toEqual([bytes]);
});
