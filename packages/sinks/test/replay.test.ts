import type { EventStream, Status } from "@rxbpf/core";
import { Consumer } from "@rxbpf/core/events";
import { readRecording, replay, toArrow } from "@rxbpf/sinks";
import { filter, lastValueFrom, map, take, toArray } from "rxjs";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, truncateSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";
import { lost, type Sample, sample, samples, sampleSchema, streamOf } from "./samples.js";

const folder = temporaryFolder();
let path: string;
let count = 0;
beforeEach(() => (path = `${folder}/${++count}.arrow`));

const all = <E>(stream: EventStream<E>): Promise<E[]> => lastValueFrom(stream.pipe(toArray()));

/** The rows and the status of a stream, in the order in which they come. */
async function played(stream: EventStream<Sample>): Promise<unknown[]> {
  const order: unknown[] = [];
  const said = stream.status.subscribe((status) => order.push(shown(status)));
  await lastValueFrom(stream.pipe(map(({ seq }) => order.push(seq))), { defaultValue: 0 });
  said.unsubscribe();
  return order;
}

function shown(status: Status): string {
  return status.type === "lost" ? `lost ${status.count} of ${status.total}` : status.type;
}

test("a replayed stream has the rows, the schema, the name and the options of the recorded one", async () => {
  const rows = samples(10_000);
  await run(streamOf(rows).pipe(toArrow(path, { batchRows: 3000 })));
  const stream = replay<Sample>(path);
  expect(stream.info).toMatchObject({ name: "sample", schema: sampleSchema, options: { failed: true, name: "x+" } });
  expect(await all(stream)).toEqual(rows);
  // It is cold: each subscription reads the file anew.
  expect(await all(stream)).toEqual(rows);
});

test("losses come where they happened, within a batch and between batches", async () => {
  const parts = [samples(2), lost(3), samples(2, 2), lost(1, 4), lost(5, 9), samples(1, 4), lost(2, 11)];
  await run(streamOf(...parts).pipe(toArrow(path, { batchRows: 4 })));
  const order = ["attached", 0, 1, "lost 3 of 3", 2, 3, "lost 1 of 4", "lost 5 of 9", 4, "lost 2 of 11"];
  expect(await played(replay(path))).toEqual(order);
});

test("a replay can be recorded again, with the same result", async () => {
  const copy = `${path}.copy`;
  await run(streamOf(samples(100), lost(3), samples(100, 100)).pipe(toArrow(path)));
  const progress = await run(replay(path).pipe(toArrow(copy)));
  expect(progress).toMatchObject({ rows: 200, lost: 3 });
  expect(await played(replay(copy))).toEqual(await played(replay(path)));
  expect(await all(replay(copy))).toEqual(samples(200));
});

test("taking a few rows reads no further, and unsubscribing closes the file", async () => {
  await run(streamOf(samples(50_000)).pipe(toArrow(path)));
  expect(await lastValueFrom(replay<Sample>(path).pipe(take(3), toArray()))).toEqual(samples(3));

  const open = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  expect(open).not.toContain(path);
});

test("nothing comes while it is held, and everything after that", async () => {
  await run(streamOf(samples(20_000)).pipe(toArrow(path)));
  const stream = replay<Sample>(path);
  const rows: Sample[] = [];
  const consumer = new Consumer({ end() {} });
  let held = 0;
  await new Promise<void>((complete, error) => {
    const next = (row: Sample): void => {
      if (rows.push(row) !== 100) return;
      consumer.hold();
      setTimeout(() => {
        held = rows.length;
        consumer.release();
      }, 50);
    };
    consumer.subscribe(stream, { next, complete, error });
  });
  consumer.done();
  expect(held).toBeLessThan(20_000);
  expect(rows).toHaveLength(20_000);
});

test("at the recorded pace it takes as long as recording did, at a multiple less", async () => {
  const rows = [0, 100, 150, 300].map((ms, seq) => ({ ...sample(seq), time: 1_700_000_000_000 + ms }));
  await run(streamOf(rows).pipe(toArrow(path)));
  for (const speed of [1, 3]) {
    const start = performance.now();
    const came = await all(replay<Sample>(path, { speed }));
    expect(came).toEqual(rows);
    expect(performance.now() - start).toBeGreaterThan(300 / speed - 5);
    expect(performance.now() - start).toBeLessThan(300 / speed + 1000);
  }
  expect(() => replay(path, { speed: 0 })).toThrow("speed takes a number above 0, not 0");
});

test("stopping ends it in good order", async () => {
  await run(streamOf(samples(5)).pipe(toArrow(path)));
  const stop = new Promise((resolve) => setTimeout(resolve, 20));
  expect(await all(replay(path, { speed: 1e-9 }).until(stop))).toHaveLength(1);
});

test("files of several probes are merged by time, and each row names its probe", async () => {
  const directory = `${folder}/several`;
  mkdirSync(directory);
  const other = (rows: Sample[]): EventStream<Sample> => {
    const stream = streamOf(rows);
    Object.assign(stream.info, { name: "other" });
    return stream;
  };
  const [even, odd] = [samples(1000).filter(({ seq }) => seq % 2 === 0), samples(1000).filter(({ seq }) => seq % 2)];
  await run(streamOf(even).pipe(toArrow(`${directory}/a.arrow`, { batchRows: 64 })));
  await run(other(odd).pipe(toArrow(`${directory}/b.arrow`, { batchRows: 100 })));
  const rows = await all(replay(directory));
  expect(rows).toEqual(samples(1000).map((row) => ({ probe: row.seq % 2 ? "other" : "sample", ...row })));
});

test("they are merged at the recorded pace too", async () => {
  const directory = `${folder}/paced`;
  mkdirSync(directory);
  const at = (ms: number): Sample => ({ ...sample(ms), time: 1_700_000_000_000 + ms });
  const other = streamOf([at(50), at(250)]);
  Object.assign(other.info, { name: "other" });
  await run(streamOf([at(0), at(100), at(300)]).pipe(toArrow(`${directory}/a.arrow`)));
  await run(other.pipe(toArrow(`${directory}/b.arrow`)));
  const start = performance.now();
  const rows = await all(replay<Sample & { probe: string }>(directory, { speed: 2 }));
  expect(rows.map(({ seq, probe }) => [seq, probe])).toEqual([
    [0, "sample"],
    [50, "other"],
    [100, "sample"],
    [250, "other"],
    [300, "sample"],
  ]);
  expect(performance.now() - start).toBeGreaterThan(300 / 2 - 5);
});

test("a recording in several files is one stream, and only the last are kept", async () => {
  const directory = `${folder}/rotated`;
  mkdirSync(directory);
  const rows = samples(2000);
  const rotate = { bytes: 40_000 };
  const progress = await run(streamOf(rows).pipe(toArrow(`${directory}/r.arrow`, { batchRows: 100, rotate })));

  const sizes = readdirSync(directory).map((name) => statSync(`${directory}/${name}`));
  expect(sizes.length).toBeGreaterThan(3);
  expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBe(progress.bytes);
  for (const { mode } of sizes) expect(mode & 0o777).toBe(0o600);
  expect(await all(replay(directory))).toEqual(rows);

  rmSync(directory, { recursive: true });
  mkdirSync(directory);
  await run(streamOf(rows).pipe(toArrow(`${directory}/r.arrow`, { batchRows: 100, rotate: { ...rotate, keep: 2 } })));
  expect(readdirSync(directory)).toHaveLength(2);
  const last = await all(replay<Sample>(directory));
  expect(last).toEqual(rows.slice(-last.length));
  expect(last.length).toBeGreaterThan(100);
});

test("a snapshot stands at the beginning of every file", async () => {
  const process = {
    pid: 1,
    execId: 5,
    start: 1,
    ppid: 0,
    uid: 0,
    comm: "init",
    args: ["/init"],
    cgroupId: 1,
    mntnsId: 2,
  };
  const snapshot = { type: "snapshot" as const, time: 1, processes: [process], cgroups: [{ id: 1, path: "/" }] };
  await run(streamOf(samples(3), lost(1)).pipe(toArrow(path, { snapshot: () => snapshot })));
  const notes = [...readRecording(path).batches()].map(({ length, notes }) => ({ length, notes }));
  expect(notes).toEqual([
    { length: 0, notes: [{ at: 0, note: snapshot }] },
    { length: 3, notes: [{ at: 3, note: lost(1) }] },
  ]);
});

test("a recording that was cut is replayed as far as it goes, with a notice", async () => {
  await run(streamOf(samples(300)).pipe(toArrow(path, { batchRows: 100 })));
  truncateSync(path, readFileSync(path).length / 2);
  const stream = replay<Sample>(path);
  const notices: string[] = [];
  stream.status.subscribe((status) => status.type === "notice" && notices.push(status.message));
  const rows = await all(stream);
  expect(rows).toEqual(samples(rows.length));
  expect(rows.length).toBeGreaterThan(0);
  expect(notices).toEqual([
    expect.stringMatching(/\.arrow was not finished; \d+ bytes at its end are no whole batch$/),
  ]);
});

const throughOperators: Record<string, { make: (row: Sample) => unknown; kinds: Record<string, string> }> = {
  "the same rows": { make: (row) => row, kinds: Object.fromEntries(kindsOf(sampleSchema.fields)) },
  "fewer fields": {
    make: ({ time, seq, path }) => ({ path, time, seq }),
    kinds: { time: "time", seq: "u32", path: "text" },
  },
  "other values under a name": {
    make: ({ seq, path }) => ({ seq: `number ${seq}`, path: path.length }),
    kinds: { seq: "text", path: "f64" },
  },
  "fields of its own": {
    make: ({ seq }) => ({ yes: true, half: seq / 2, tags: ["a"], big: BigInt(seq) * 2n ** 50n, tree: { seq: [seq] } }),
    kinds: { yes: "bool", half: "f64", tags: "texts", big: "i64", tree: "json" },
  },
};

function kindsOf(fields: object): [string, string][] {
  return Object.entries(fields).map(([name, { kind }]) => [name, kind]);
}

test.each(Object.entries(throughOperators))("after an operator: %s", async (_name, { make, kinds }) => {
  const rows = samples(5000);
  await run(streamOf(rows).pipe(map(make), toArrow(path)));
  const stream = replay(path);
  expect(Object.fromEntries(kindsOf(stream.info.schema.fields))).toEqual({ ...kinds, more: "json" });
  const expected = rows.map(make).map((row) => {
    const { big, ...rest } = row as { big?: bigint };
    // A number, if that is exact.
    return big === undefined ? row : { ...rest, big: big <= 2n ** 53n - 1n ? Number(big) : big };
  });
  expect(await all(stream)).toEqual(expected);
});

test("later values that fit no column are kept too", async () => {
  const make = ({ seq }: Sample): unknown =>
    seq < 4500 ? { seq, ok: true } : seq % 2 ? { seq, ok: "no", none: null, why: { deep: [1n] } } : seq;
  await run(streamOf(samples(5000)).pipe(map(make), toArrow(path)));
  const rows = await all(replay(path));
  expect(rows).toEqual(
    samples(5000).map((row) => {
      const made = make(row);
      if (typeof made === "number") return { value: made };
      return row.seq < 4500 ? made : { ...(made as object), why: { deep: [1] } };
    }),
  );
  // Recorded again, from the replay.
  const copy = `${path}.copy`;
  await run(replay(path).pipe(toArrow(copy)));
  expect(await all(replay(copy))).toEqual(rows);
});

test("field names with a meaning in JavaScript are only names", async () => {
  const row = JSON.parse('{"__proto__":{"x":1},"constructor":"c","more":5,"toString":"t"}');
  await run(
    streamOf(samples(2)).pipe(
      map(() => row),
      toArrow(path),
    ),
  );
  const [found] = await all(replay(path));
  expect(JSON.stringify(found)).toBe('{"constructor":"c","toString":"t","__proto__":{"x":1},"more":5}');
  expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
});

test("losses are recorded after a filter too", async () => {
  const source = streamOf(samples(10), lost(4), samples(10, 10));
  const progress = await run(
    source.pipe(
      filter(({ seq }) => seq >= 5),
      toArrow(path),
    ),
  );
  expect(progress).toMatchObject({ rows: 15, lost: 4 });
  const order = await played(replay(path));
  expect(order.indexOf("lost 4 of 4")).toBe(order.indexOf(9) + 1);
});
