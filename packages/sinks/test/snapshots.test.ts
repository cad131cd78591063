import { mkdirSync, readdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

import { EventStream } from "@rxbpf/core";
import { schema, who } from "@rxbpf/core/events";
import { type Newcomers, readRecording, type Snapshot, type SnapshotProcess, toArrow } from "@rxbpf/sinks";
import { expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";

const folder = temporaryFolder();
let count = 0;

/** Batches of events, each given by its pid, execId and cgroup. */
type Batches = (readonly [pid: number, execId: number, cgroupId: number])[][];

/** A stream of batches that waits for `begun`, with time for a lookup between batches. */
function streamOf(begun: Promise<unknown>, batches: Batches): EventStream<object> {
  const info = { name: "who", schema: schema("event", who), columns: () => [] };
  return new EventStream<object>(info, (receiver) => {
    const deliver = async (): Promise<void> => {
      await begun;
      for (const batch of batches) {
        const row = (index: number): object => {
          const [pid, execId, cgroupId] = batch[index]!;
          return { time: 1, pid, tid: pid, ppid: 1, execId, uid: 0, comm: "sh", cgroupId, mntnsId: 2, cpu: 0 };
        };
        receiver.batch({ length: batch.length, row });
        await wait(20);
      }
      receiver.complete();
    };
    receiver.status({ type: "attached", programs: [] });
    void deliver();
    return { stop: () => {}, close: () => {}, hold: () => {}, release: () => {} };
  });
}

const processOf = (pid: number, execId: number): SnapshotProcess => ({
  ...{ pid, execId, start: 1, ppid: 1, uid: 0, comm: "sh", args: [`run ${execId}`], cgroupId: 7, mntnsId: 2 },
});

function deferred() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** A machine with these processes, pid to execId, and a log of the lookups. */
function machine(running: Map<number, number>, cgroups: Map<number, string>) {
  const asked: { processes: (readonly [number, number])[]; cgroupIds: number[] }[] = [];
  const { promise: begun, resolve: begin } = deferred();
  const snapshot = (of?: Newcomers): Snapshot => {
    if (of) asked.push({ processes: [...of.processes], cgroupIds: [...of.cgroupIds] });
    else setImmediate(begin);
    const wanted = (pid: number, execId: number): boolean => !of || of.processes.get(pid) === execId;
    return {
      type: "snapshot",
      time: 1,
      processes: [...running].filter(([pid, run]) => wanted(pid, run)).map(([pid, run]) => processOf(pid, run)),
      cgroups: [...cgroups].map(([id, path]) => ({ id, path })),
    };
  };
  return { asked, begun, snapshot };
}

const notesOf = (path: string): Snapshot[] =>
  [...readRecording(path).batches()].flatMap(({ notes }) => notes.map(({ note }) => note as Snapshot));

test("a process that an event mentions is looked up once, and named if it still runs", async () => {
  const path = `${folder}/${++count}.arrow`;
  const running = new Map([[1, 10]]);
  const { asked, begun, snapshot } = machine(running, new Map([[7, "/"]]));
  const batches: Batches = [
    [[1, 10, 7]],
    [
      [2, 20, 7],
      [2, 20, 7],
      [3, 30, 8],
    ],
    [
      [2, 20, 7],
      [3, 30, 8],
    ],
  ];
  const stream = streamOf(
    begun.then(() => void running.set(2, 20)),
    batches,
  );
  await run(stream.pipe(toArrow(path, { snapshot })));
  expect(asked.flatMap(({ processes }) => processes)).toEqual([
    [2, 20],
    [3, 30],
  ]);
  expect(asked.flatMap(({ cgroupIds }) => cgroupIds)).toEqual([8]);
  const notes = notesOf(path);
  expect(notes.map(({ processes }) => processes)).toEqual([[processOf(1, 10)], [processOf(2, 20)]]);
  expect(notes.map(({ cgroups }) => cgroups)).toEqual([[{ id: 7, path: "/" }], []]);
});

test("a process after an exec, or with a reused pid, is named again, and never by another's name", async () => {
  const path = `${folder}/${++count}.arrow`;
  const running = new Map<number, number>();
  const { asked, begun, snapshot } = machine(running, new Map());
  // The third has become the fourth before the lookup.
  const becoming = (of?: Newcomers): Snapshot => {
    if (of) running.set(2, [20, 21, 23, 23][asked.length]!);
    return snapshot(of);
  };
  const stream = streamOf(begun, [[[2, 20, 7]], [[2, 21, 7]], [[2, 22, 7]], [[2, 23, 7]], [[2, 23, 7]]]);
  await run(stream.pipe(toArrow(path, { snapshot: becoming })));
  expect(asked).toHaveLength(4);
  expect(notesOf(path).flatMap(({ processes }) => processes)).toEqual([20, 21, 23].map((id) => processOf(2, id)));
});

test("processes of events before the recording began are not looked up again if they were named", async () => {
  const path = `${folder}/${++count}.arrow`;
  const { asked, begun, snapshot } = machine(
    new Map([
      [2, 21],
      [3, 30],
    ]),
    new Map(),
  );
  // One of them has called exec since.
  const first: Batches = [
    [
      [2, 20, 7],
      [3, 30, 7],
    ],
  ];
  const stream = streamOf(Promise.resolve(), [...first, [[2, 21, 7]]]);
  const done = run(stream.pipe(toArrow(path, { snapshot })));
  await begun;
  await done;
  expect(asked.flatMap(({ processes }) => processes)).toEqual([[2, 20]]);
  expect(notesOf(path).flatMap(({ processes }) => processes)).toEqual([processOf(2, 21), processOf(3, 30)]);
});

test("every file names all its processes", async () => {
  const directory = `${folder}/${++count}`;
  mkdirSync(directory);
  const { begun, snapshot } = machine(new Map([[2, 20]]), new Map([[7, "/"]]));
  const batches: Batches = Array.from({ length: 4 }, () => [[2, 20, 7]]);
  const options = { snapshot, batchRows: 1, rotate: { bytes: 1 } };
  await run(streamOf(begun, batches).pipe(toArrow(`${directory}/r.arrow`, options)));
  const paths = readdirSync(directory).map((name) => `${directory}/${name}`);
  expect(paths.length).toBeGreaterThan(3);
  for (const path of paths) {
    expect(notesOf(path).flatMap((note) => note.processes)).toEqual([processOf(2, 20)]);
    expect(notesOf(path).flatMap((note) => note.cgroups)).toEqual([{ id: 7, path: "/" }]);
  }
});
