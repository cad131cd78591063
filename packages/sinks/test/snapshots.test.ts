import { mkdirSync, readdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

import { EventStream, schema, who } from "@rxbpf/core";
import { type Newcomers, readRecording, type Snapshot, type SnapshotProcess, toArrow } from "@rxbpf/sinks";
import { expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";

const folder = temporaryFolder();
let count = 0;

/** Batches of events, each by its process, its name and its cgroup. */
type Batches = (readonly [pid: number, comm: string, cgroupId: number])[][];

/** A stream of batches, once something has happened, and with time to look between them. */
function streamOf(begun: Promise<unknown>, batches: Batches): EventStream<object> {
  const info = { name: "who", schema: schema("event", who), columns: () => [] };
  return new EventStream<object>(info, (receiver) => {
    const deliver = async (): Promise<void> => {
      await begun;
      for (const batch of batches) {
        const row = (index: number): object => {
          const [pid, comm, cgroupId] = batch[index]!;
          return { time: 1, pid, tid: pid, ppid: 1, uid: 0, comm, cgroupId, mntnsId: 2, cpu: 0 };
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

const processOf = (pid: number, comm: string): SnapshotProcess => ({
  ...{ pid, ppid: 1, uid: 0, comm, args: [comm], cgroupId: 7, mntnsId: 2 },
});

function deferred() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** A machine on which these processes run, and what was asked of it. */
function machine(running: Map<number, string>, cgroups: Map<number, string>) {
  const asked: { pids: number[]; cgroupIds: number[] }[] = [];
  const { promise: begun, resolve: begin } = deferred();
  const snapshot = (of?: Newcomers): Snapshot => {
    if (of) asked.push({ pids: [...of.pids], cgroupIds: [...of.cgroupIds] });
    else setImmediate(begin);
    const wanted = (pid: number): boolean => of?.pids.has(pid) ?? true;
    return {
      type: "snapshot",
      time: 1,
      processes: [...running].filter(([pid]) => wanted(pid)).map(([pid, comm]) => processOf(pid, comm)),
      cgroups: [...cgroups].map(([id, path]) => ({ id, path })),
    };
  };
  return { asked, begun, snapshot };
}

const notesOf = (path: string): Snapshot[] =>
  [...readRecording(path).batches()].flatMap(({ notes }) => notes.map(({ note }) => note as Snapshot));

test("who comes with an event is asked for once, and told if it is still there", async () => {
  const path = `${folder}/${++count}.arrow`;
  const running = new Map([[1, "init"]]);
  const { asked, begun, snapshot } = machine(running, new Map([[7, "/"]]));
  const batches: Batches = [
    [[1, "init", 7]],
    [
      [2, "sh", 7],
      [2, "sh", 7],
      [3, "gone", 8],
    ],
    [
      [2, "sh", 7],
      [3, "gone", 8],
    ],
  ];
  const stream = streamOf(
    begun.then(() => void running.set(2, "sh")),
    batches,
  );
  await run(stream.pipe(toArrow(path, { snapshot })));
  expect(asked.flatMap(({ pids }) => pids)).toEqual([2, 3]);
  expect(asked.flatMap(({ cgroupIds }) => cgroupIds)).toEqual([8]);
  const notes = notesOf(path);
  expect(notes.map(({ processes }) => processes)).toEqual([[processOf(1, "init")], [processOf(2, "sh")]]);
  expect(notes.map(({ cgroups }) => cgroups)).toEqual([[{ id: 7, path: "/" }], []]);
});

test("a process that has become another is told again, a thread of another name is not", async () => {
  const path = `${folder}/${++count}.arrow`;
  const running = new Map<number, string>();
  const { asked, begun, snapshot } = machine(running, new Map());
  const becoming = (of?: Newcomers): Snapshot => {
    if (of) running.set(2, ["sh", "sh", "cat"][asked.length]!);
    return snapshot(of);
  };
  const stream = streamOf(begun, [[[2, "sh", 7]], [[2, "worker", 7]], [[2, "cat", 7]], [[2, "cat", 7]]]);
  await run(stream.pipe(toArrow(path, { snapshot: becoming })));
  expect(asked).toHaveLength(3);
  expect(notesOf(path).flatMap((note) => note.processes.map(({ comm }) => comm))).toEqual(["sh", "cat"]);
});

test("every file names all that it needs", async () => {
  const directory = `${folder}/${++count}`;
  mkdirSync(directory);
  const { begun, snapshot } = machine(new Map([[2, "sh"]]), new Map([[7, "/"]]));
  const batches: Batches = Array.from({ length: 4 }, () => [[2, "sh", 7]]);
  const options = { snapshot, batchRows: 1, rotate: { bytes: 1 } };
  await run(streamOf(begun, batches).pipe(toArrow(`${directory}/r.arrow`, options)));
  const paths = readdirSync(directory).map((name) => `${directory}/${name}`);
  expect(paths.length).toBeGreaterThan(3);
  for (const path of paths) {
    expect(notesOf(path).flatMap((note) => note.processes)).toEqual([processOf(2, "sh")]);
    expect(notesOf(path).flatMap((note) => note.cgroups)).toEqual([{ id: 7, path: "/" }]);
  }
});
