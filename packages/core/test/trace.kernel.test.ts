import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers/promises";

import type { EventStream, Status } from "@rxbpf/core";
import { filter, map, Subject, take } from "rxjs";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { makeCgroup } from "../../../testing/kernel-objects.js";
import { compile, compileProgram, run, start, temporaryFolder } from "../../../testing/programs.js";
import { collect, record } from "../../../testing/recording.js";
import { bytesOf, type Tick, ticks, ticksImage } from "./programs/ticks.js";

const folder = temporaryFolder();
let image: ReturnType<typeof ticksImage>;
let object: Uint8Array;
let makeTicks: string;

beforeAll(() => {
  object = compileProgram(new URL("programs/ticks.bpf.c", import.meta.url), folder);
  image = ticksImage(object);
  makeTicks = compile(new URL("programs/ticks.c", import.meta.url), folder);
});

const make = (count: number, ...more: readonly number[]) => run(makeTicks, [count, ...more].map(String));
const stream = (ringBytes: number = 1 << 20): EventStream<Tick> => ticks(image, { maxEntries: { events: ringBytes } });

/** Keeps this process from reading its rings. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test("an event has its process, its time and its values", async () => {
  const before = performance.timeOrigin + performance.now();
  let pid = 0;
  const events = await collect(stream(), async () => ({ pid } = await make(30, 20)));
  const after = performance.timeOrigin + performance.now();
  expect(events).toHaveLength(30);
  expect(events.map(({ number }) => number)).toEqual([...Array(30).keys()]);
  for (const event of events) {
    expect(event).toMatchObject({ pid, tid: pid, ppid: process.pid, uid: 0, comm: "ticks" });
    expect(event.bytes).toBe(bytesOf(event.number, 20));
    expect(event.time).toBeGreaterThan(before - 1);
    expect(event.time).toBeLessThan(after + 1);
  }
  const times = events.map(({ time }) => time);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test("a ring wraps many times without a wrong byte, and its losses are counted", async () => {
  const COUNT = 400_000;
  const LENGTH = 256;
  const recording = await record(stream(2 << 20));
  await make(COUNT, LENGTH);
  const events = await recording.finish();
  expect(events.length + recording.lost()).toBe(COUNT);
  // With some 200 bytes per record, this is more than five times the ring.
  expect(events.length).toBeGreaterThan(COUNT / 8);
  let previous = -1;
  const wrong = events.filter(({ number, bytes }) => {
    const fits = number > previous && bytes === bytesOf(number, LENGTH);
    previous = number;
    return !fits;
  });
  expect(wrong).toEqual([]);
});

test("a ring that is full loses events, and counts exactly how many", async () => {
  const COUNT = 50_000;
  const recording = await record(stream(4096));
  const child = start(makeTicks, [String(COUNT), "8"]);
  block(300);
  await child.ended();
  const events = await recording.finish();
  expect(recording.lost()).toBeGreaterThan(0);
  expect(events.length).toBeGreaterThan(0);
  expect(events.length + recording.lost()).toBe(COUNT);
  const last = recording.statuses.filter((status) => status.type === "lost").at(-1);
  expect(last).toMatchObject({ reason: "ring full", total: recording.lost() });
});

test("nothing comes while a stream is held; events that fit into the ring come later, the rest are counted", async () => {
  const COUNT = 3_000;
  const recording = await record(stream(64 * 1024));
  await make(1, 1);
  await recording.find(({ number }) => number === 0);
  recording.hold();
  await make(COUNT, 1);
  await make(1, 1, 20); // time enough for a reader that is not held
  expect(recording.events).toHaveLength(1);
  recording.release();
  const events = await recording.finish();
  expect(events.length).toBeGreaterThan(1);
  expect(recording.lost()).toBeGreaterThan(0);
  expect(events.length + recording.lost()).toBe(COUNT + 2);
});

test("a stream that is stopped while held ends after its release, with everything in the ring", async () => {
  const recording = await record(stream());
  recording.hold();
  await make(100, 1);
  const finished = recording.finish();
  expect(recording.events).toHaveLength(0);
  recording.release();
  expect(await finished).toHaveLength(100);
});

test("a stream that is ended from within a batch still delivers earlier events", async () => {
  const end = new Subject<void>();
  const numbers: number[] = [];
  const completed = new Promise<void>((complete, error) => {
    const next = ({ number }: Tick): void => {
      numbers.push(number);
      if (number === 10) end.next();
    };
    stream().until(end).subscribe({ next, complete, error });
  });
  await make(5_000, 1);
  await completed;
  expect(numbers.length).toBeGreaterThan(11);
  expect(numbers).toEqual([...Array(numbers.length).keys()]);
});

test("a subscriber that leaves within a batch gets no more, and everything is freed", async () => {
  const before = holdings();
  const taken = new Promise<number[]>((resolve) => {
    const numbers: number[] = [];
    stream()
      .pipe(take(3))
      .subscribe({ next: ({ number }) => numbers.push(number), complete: () => resolve(numbers) });
  });
  await make(1000, 1);
  expect(await taken).toEqual([0, 1, 2]);
  expect(holdings()).toEqual(before);
});

test("an operator that throws ends the stream with its error, and frees everything", async () => {
  const before = holdings();
  const failed = new Promise<Error>((_, reject) => {
    stream()
      .pipe(
        map(({ number }) => {
          if (number === 5) throw new Error("five");
        }),
      )
      .subscribe({ error: reject });
  });
  failed.catch(() => {});
  await make(1000, 1);
  await expect(failed).rejects.toThrow("five");
  expect(holdings()).toEqual(before);
});

test("a number that JavaScript cannot hold ends the stream with an error, and frees everything", async () => {
  const before = holdings();
  const failed = new Promise<void>((resolve, reject) => stream().subscribe({ error: reject, complete: resolve }));
  failed.catch(() => {});
  await run(makeTicks, ["lost", String(2 ** 60)]);
  await expect(failed).rejects.toThrow(/^Cannot represent 1152921504606847000 exactly/);
  expect(holdings()).toEqual(before);
});

test("losses are reported by reason, with the new count and the total", async () => {
  const recording = await record(stream());
  for (const count of [3, 4]) {
    await run(makeTicks, ["lost", String(count)]);
    await recording.find(({ number }) => number === count);
  }
  await recording.finish();
  const lost = recording.statuses.filter((status) => status.type === "lost");
  expect(lost.map(({ reason, count, total }) => [reason, count, total])).toEqual([
    ["first", 3, 3],
    ["second", 3, 3],
    ["first", 4, 7],
    ["second", 4, 7],
  ]);
});

/** Narrows to a process that there is not: its identity is 0. */
const NOBODY = { processes_count: 1 };

test("events without scratch memory are counted exactly, if they pass the filters", async () => {
  const program = compileProgram(new URL("programs/ticks.bpf.c", import.meta.url), folder, "-DSLOT=1000000");
  const [all, none] = await Promise.all([
    record(ticks(ticksImage(program))),
    record(ticks(ticksImage(program), { constants: NOBODY })),
  ]);
  await make(30, 20);
  expect([await all.finish(), await none.finish()]).toEqual([[], []]);
  expect(all.statuses.at(-1)).toMatchObject({ type: "lost", total: 30, reason: "no scratch memory" });
  expect([all.lost(), none.lost()]).toEqual([30, 0]);
});

test("a subscriber that leaves on a loss does not take the process down", async () => {
  const before = holdings();
  const leaving = stream();
  const subscription = leaving.subscribe();
  const lost = new Promise<void>((resolve) => {
    const watching = leaving.losses.subscribe(() => {
      subscription.unsubscribe();
      watching.unsubscribe();
      resolve();
    });
  });
  await run(makeTicks, ["lost", "1"]);
  await lost;
  expect(holdings()).toEqual(before);
});

test("everything is freed if a subscriber leaves as soon as it is attached", () => {
  const before = holdings();
  const leaving = stream();
  const statuses: Status[] = [];
  leaving.status.subscribe((status) => statuses.push(status));
  leaving.pipe(take(0)).subscribe();
  const subscription = leaving.subscribe();
  subscription.unsubscribe();
  expect(statuses).toEqual([{ type: "attached", programs: ["tick"] }]);
  expect(holdings()).toEqual(before);
});

test("two subscribers have a ring each, and if one leaves the other is not disturbed", async () => {
  const shared = stream();
  const first = await record(shared);
  const second = await record(shared);
  await make(10, 1);
  await first.find(({ number }) => number === 9);
  first.unsubscribe();
  await make(20, 1);
  await second.find(({ number }) => number === 19);
  expect(first.events).toHaveLength(10);
  expect(await second.finish()).toHaveLength(30);
});

test(
  "nothing is left in the kernel, nor in this process, after hundreds of subscriptions",
  { timeout: 60_000 },
  async () => {
    const small = (): EventStream<Tick> => stream(4096);
    small().subscribe().unsubscribe(); // the first subscription makes the event loop's own descriptors, which stay
    const before = holdings();
    let objects: readonly string[] = [];
    for (let i = 0; i < 200; i++) {
      await setImmediate(); // if many start within one turn, the later ones wait
      const subscription = small().subscribe();
      if (i === 100) objects = holdings().objects.filter((object) => !before.objects.includes(object));
      subscription.unsubscribe();
    }
    expect(objects).not.toEqual([]);
    expect(holdings()).toEqual(before);
    await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
  },
);

test("an event wakes an idle reader at once", async () => {
  const seen: { pid: number; delay: number }[] = [];
  const subscription = stream()
    .pipe(filter(({ number }) => number > 0))
    .subscribe(({ pid, time }) => seen.push({ pid, delay: performance.timeOrigin + performance.now() - time }));
  onTestFinished(() => subscription.unsubscribe());
  const { pid } = await make(20, 1, 30);
  const delays = (): number[] => seen.filter((one) => one.pid === pid).map(({ delay }) => delay);
  await vi.waitUntil(() => delays().length === 19, 10_000);
  expect(delays().sort((a, b) => a - b)[10]).toBeLessThan(50);
});

test("an idle tracer costs no CPU", async () => {
  const objectFile = path.join(folder, "idle.bpf.o");
  writeFileSync(objectFile, object);
  const tracer = start(process.execPath, [
    new URL("programs/trace-ticks.mjs", import.meta.url).pathname,
    objectFile,
    "3000",
  ]);
  expect(await tracer.line()).toBe("attached");
  // It has read something, so it must come to rest again.
  await make(10, 1);
  expect(Number(await tracer.line())).toBeLessThan(0.01 * 3000 + 20);
});

test(
  "a run without events sends the notice of whenIdle once, a run with events does not",
  { timeout: 20_000 },
  async () => {
    const cgroup = makeCgroup();
    const setting = { whenIdle: () => "no tick has come" };
    const idle = await record(ticks(image, { ...setting, constants: NOBODY }));
    const leavesOut = await record(ticks(image, { ...setting, leftOut: () => new Set([statSync(cgroup).ino]) }));
    const busy = await record(ticks(image, setting));
    await run("sh", ["-c", 'echo 0 > "$0/cgroup.procs"; exec "$1" 1 1', cgroup, makeTicks]);
    await vi.waitUntil(() => idle.statuses.length + leavesOut.statuses.length > 3, { timeout: 10_000 });
    for (const { statuses } of [idle, leavesOut])
      expect(statuses.at(-1)).toEqual({ type: "notice", message: "no tick has come" });
    expect(busy.statuses).toEqual([{ type: "attached", programs: ["tick"] }]);
  },
);

test("records of cgroups that are left out come in no batch", async () => {
  const [wanted, other] = [makeCgroup(), makeCgroup()];
  const id = (cgroup: string): number => statSync(cgroup).ino;
  const recording = await record(ticks(image, { leftOut: () => new Set([id(other)]) }));
  const inTurn =
    'for i in 1 2 3 4; do for place in "$1" "$2"; do echo 0 > $place/cgroup.procs; "$3" 100 10; done; done';
  await run("sh", ["-c", inTurn, "sh", wanted, other, makeTicks]);
  const events = await recording.finish();
  expect(events).toHaveLength(400);
  expect(new Set(events.map(({ cgroupId }) => cgroupId))).toEqual(new Set([id(wanted)]));
});

test("options are freed once, whether the run ends, fails to start, or is unsubscribed", async () => {
  let closed = 0;
  const setting = { close: () => void closed++ };
  await (await record(ticks(image, setting))).finish();
  expect(closed).toBe(1);
  await expect(record(ticks(ticksImage(object, [{ programs: ["careless"] }]), setting))).rejects.toThrow("Cannot load");
  expect(closed).toBe(2);
  await setImmediate(); // if much was started in this turn, what follows starts in a later one
  ticks(image, setting).subscribe().unsubscribe();
  expect(closed).toBe(3);
});

test("a worker thread is refused in one line, and its end does not crash", async () => {
  const tracer = new URL("programs/trace-ticks.mjs", import.meta.url).href;
  const file = path.join(folder, "worker.bpf.o");
  writeFileSync(file, object);
  const main = `
    const { Worker } = require("node:worker_threads");
    const worker = new Worker(new URL("${tracer}"), { argv: ["${file}"] });
    worker.on("exit", () => console.log("ended"));
  `;
  const advice = "subscribe in the main thread, and send the worker what it needs";
  expect(await run(process.execPath, ["-e", main])).toMatchObject({
    status: 0,
    stdout: `NotSupportedError: Cannot trace with ticks in a worker thread: ${advice}\nended\n`,
  });
});
