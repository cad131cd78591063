import { readFileSync, writeFileSync } from "node:fs";

import { EventStream } from "@rxbpf/core";
import { ring, sourceOf } from "@rxbpf/core/bpf";
import { cgroupId } from "@rxbpf/filters";
import { type BlockEvent, biosnoop, blockEvent } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { expect, onTestFinished, test } from "vitest";

import { makeDisk, traceDisk } from "../../../../testing/disks.js";
import { insideAndOutside } from "../../../../testing/containers.js";
import { run, temporaryFolder } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";

const temporary = temporaryFolder();
const KB = 1024;

/** Runs dd; gives its process id. */
async function dd(...args: readonly string[]): Promise<number> {
  const { pid, status, stderr } = await run("dd", [...args, "status=none"]);
  expect(status, stderr).toBe(0);
  return pid;
}

const told = ({ pid, comm, operation, sector, bytes, pattern }: BlockEvent): unknown[] => [
  ...[pid, comm, operation, sector, bytes, pattern],
];

test("requests of known size and place are told, of who made them, and as the kernel's own tracer tells them", async () => {
  const disk = makeDisk(temporary, 64 * KB * KB);
  const witness = traceDisk(disk, temporary, ["block_io_start", "block_rq_issue", "block_rq_complete"]);
  const recording = await record(biosnoop({ disk: disk.name }));
  const write = await dd("if=/dev/zero", `of=${disk.path}`, "bs=8k", "count=3", "seek=5", "oflag=direct");
  const read = await dd("of=/dev/null", `if=${disk.path}`, "bs=64k", "count=2", "skip=3", "iflag=direct");
  const again = await dd("if=/dev/zero", `of=${disk.path}`, "bs=512", "count=1", "seek=1000", "oflag=direct");
  const events = await recording.finish();
  expect(recording.lost()).toBe(0);
  const traced = witness();

  const ours = events.filter(({ pid }) => [write, read, again].includes(pid));
  expect(ours.map(told)).toEqual([
    [write, "dd", "write", 80, 8 * KB, "unknown"],
    [write, "dd", "write", 96, 8 * KB, "sequential"],
    [write, "dd", "write", 112, 8 * KB, "sequential"],
    [read, "dd", "read", 384, 64 * KB, "random"],
    [read, "dd", "read", 512, 64 * KB, "sequential"],
    [again, "dd", "write", 1000, 512, "random"],
  ]);
  expect(new Set(events.map(({ disk }) => disk))).toEqual(new Set([disk.name]));

  // Others may look at a new disk too: they are in both.
  const at = (tracepoint: string) => traced.filter((request) => request.tracepoint === tracepoint);
  const place = ({ flags, sector, sectors }: (typeof traced)[number]): unknown[] => [flags[0], sector, sectors];
  const completed = at("block_rq_complete");
  const letters = { read: "R", write: "W" } as Readonly<Record<string, string>>;
  expect(events.map((e) => [letters[e.operation], e.sector, e.bytes / 512])).toEqual(completed.map(place));
  for (const [i, event] of events.entries()) {
    const same = (request: (typeof traced)[number]): boolean =>
      request.sector === event.sector && request.sectors === event.bytes / 512 && request.time <= completed[i]!.time;
    const made = at("block_io_start").findLast(same)!;
    const issued = at("block_rq_issue").findLast(same)!;
    expect([event.tid, event.comm]).toEqual([made.pid, made.comm]);
    // The two look one after the other.
    expect(Math.abs(event.latencyNs / 1e9 - (completed[i]!.time - issued.time))).toBeLessThan(0.02);
    expect(Math.abs(event.queuedNs / 1e9 - (issued.time - made.time))).toBeLessThan(0.02);
  }
  // The current task at the end was another.
  expect(completed.some(({ comm }) => comm !== "dd")).toBe(true);
});

test("flushes and discards are told as what they are", async () => {
  const disk = makeDisk(temporary, 64 * KB * KB);
  const recording = await record(biosnoop({ disk: disk.name, comm: "dd" }));
  const others = await record(biosnoop({ disk: disk.name, comm: "blkdiscard" }));
  const pid = await dd("if=/dev/zero", `of=${disk.path}`, "bs=4k", "count=1", "oflag=direct", "conv=fsync");
  const discard = await run("blkdiscard", ["--force", "--offset", "1M", "--length", "2M", disk.path]);
  expect(discard.status, discard.stderr).toBe(0);
  const events = (await recording.finish()).filter((event) => event.pid === pid);
  expect(events.map(told)).toEqual([
    [pid, "dd", "write", 0, 4 * KB, "unknown"],
    [pid, "dd", "flush", 0, 0, "unknown"],
  ]);
  const discards = (await others.finish()).filter(({ operation }) => operation === "discard");
  expect(discards.map(told)).toEqual([[discard.pid, "blkdiscard", "discard", 2048, 2 * KB * KB, expect.anything()]]);
});

test.each(["none", "mq-deadline"])(
  "where the kernel does not tell when requests are made, their owner is who queues them (%s)",
  async (scheduler) => {
    const disk = makeDisk(temporary, 64 * KB * KB);
    const setting = `/sys/block/${disk.name}/queue/scheduler`;
    const before = /\[(.*)\]/.exec(readFileSync(setting, "utf8"))![1]!;
    onTestFinished(() => writeFileSync(setting, before));
    writeFileSync(setting, scheduler);

    const spec = {
      name: "biosnoop",
      bytes: () => readFileSync(new URL("../../bpf/biosnoop.bpf.o", import.meta.url)),
      variants: biosnoop.definition.variants({}).slice(1),
    };
    const options = {
      constants: { by_disk: true, only_disk: disk.name },
      leaveOut: ["cgroup_set", "mntns_set"],
    };
    const source = sourceOf(spec, ring("events", blockEvent), () => options);
    const recording = await record(new EventStream<BlockEvent>(biosnoop().info, source));
    const write = await dd("if=/dev/zero", `of=${disk.path}`, "bs=8k", "count=3", "seek=5", "oflag=direct");
    const events = (await recording.finish()).filter(({ pid }) => pid === write);
    expect(events.map(told)).toMatchObject([
      [write, "dd", "write", 80, 8 * KB, expect.any(String)],
      [write, "dd", "write", 96, 8 * KB, "sequential"],
      [write, "dd", "write", 112, 8 * KB, "sequential"],
    ]);
  },
);

test("with a set of cgroups, or of mount namespaces, it shows whose requests are made inside, and not those made outside", async () => {
  const disk = makeDisk(temporary, 64 * KB * KB);
  const { inside, outside, cgroup, filters } = await insideAndOutside();
  const recordings = await Promise.all(filters.map((filter) => record(biosnoop({ disk: disk.name, ...filter }))));
  const write = (seek: number): string =>
    `dd if=/dev/zero of=${disk.path} bs=4k count=1 seek=${seek} oflag=direct status=none`;
  await outside.run(write(10));
  await inside.run(write(20));
  await outside.run(write(30));
  for (const recording of recordings) {
    const events = await recording.finish();
    expect(events).toMatchObject([{ comm: "dd", ppid: inside.pid, sector: 160, cgroupId: cgroupId(cgroup) }]);
  }
});

test("a disk that is not there is refused, with those that are", () => {
  expect(() => biosnoop({ disk: "rxbpf-none" })).toThrow(UsageError);
  expect(() => biosnoop({ disk: "rxbpf-none" })).toThrow(/^disk takes one of .*, not "rxbpf-none"$/);
});
