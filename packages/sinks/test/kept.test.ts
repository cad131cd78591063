import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";

import { readRecording, recover, replay, type Rotation, toArrow } from "@rxbpf/sinks";
import { lastValueFrom, of, toArray } from "rxjs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";
import { type Sample, samples, streamOf } from "./samples.js";
import { row, tap } from "./tap.js";

// Recordings of several files, over several runs that write to the same path.
const folder = temporaryFolder();
let directory: string;
let count = 0;
beforeEach(() => {
  directory = `${folder}/${++count}`;
  mkdirSync(directory);
});
afterEach(() => void vi.useRealTimers());

const paths = (): string[] => readdirSync(directory).map((name) => `${directory}/${name}`);
const seqs = (path: string): unknown[] =>
  [...readRecording(path).batches()].flatMap(({ length, row }) => Array.from({ length }, (_, i) => row(i)["seq"]));

/** Runs a recorder that writes 100 rows to each file. */
async function record(rows: Sample[], rotate: Rotation): Promise<void> {
  await run(
    streamOf(rows).pipe(toArrow(`${directory}/r.arrow`, { batchRows: 100, rotate: { bytes: 15_000, ...rotate } })),
  );
}

test("the last files of all runs together are kept", async () => {
  for (let i = 0; i < 3; i++) {
    await record(samples(500, 500 * i), { keep: 2 });
    expect(paths()).toHaveLength(2);
  }
  expect(paths().flatMap(seqs)).toEqual(samples(200, 1300).map(({ seq }) => seq));
});

test("the files of all runs together never exceed the limit of bytes", async () => {
  const most = 100_000;
  const { stream, emit, complete } = tap();
  const sizes: number[] = [];
  for (let i = 0; i < 2; i++) {
    await record(samples(500), { keepBytes: most });
    sizes.push(paths().reduce((sum, path) => sum + statSync(path).size, 0));
  }
  const ended = run(
    stream.pipe(toArrow(`${directory}/r.arrow`, { batchRows: 10, rotate: { bytes: 30_000, keepBytes: most } })),
  );
  emit(row(0));
  await vi.waitFor(() => expect(paths().some((path) => readRecording(path).info.probe === "tap")).toBe(true));
  const own = (): number =>
    paths()
      .filter((path) => readRecording(path).info.probe === "tap")
      .reduce((sum, path) => sum + statSync(path).size, 0);
  for (let seq = 1; seq < 5000; seq++) {
    emit(row(seq, "x".repeat(100)));
    if (seq % 10 === 0) sizes.push(own());
  }
  complete();
  await ended;
  for (const size of sizes) expect(size).toBeLessThanOrEqual(most);
  expect(own()).toBeGreaterThan(most - 45_000);
  const left = paths().flatMap((path) => (readRecording(path).info.probe === "tap" ? seqs(path) : []));
  expect(left).toEqual(Array.from(left, (_, i) => 5000 - left.length + i));
});

test("an empty file of the series, as a killed recorder leaves it, counts like any other", async () => {
  const left = `${directory}/r-20200101T000000Z-000001.arrow`;
  writeFileSync(left, "");
  await record(samples(500), { keep: 2 });
  expect(paths()).toHaveLength(2);
  expect(paths()).not.toContain(left);
});

test("files that are no recordings of the series stay", async () => {
  await record(samples(300), { keep: 9 });
  const [first = "", second = "", third = ""] = paths();
  const other = streamOf(samples(1));
  Object.assign(other.info, { name: "other" });
  await run(other.pipe(toArrow(second, { force: true })));
  writeFileSync(third, "not a recording");
  const name = (path: string): string => path.replace(/^.*\//, "");
  const foreign = ["r-1.arrow", "r.arrow", "r-20200101T000000Z-000001.arrow.gz", "x-20200101T000000Z-000001.arrow"];
  for (const one of foreign) writeFileSync(`${directory}/${one}`, readFileSync(first));
  mkdirSync(`${directory}/r-20200101T000000Z-000002.arrow`);

  await record(samples(300), { keep: 1 });
  const left = readdirSync(directory);
  expect(left).toEqual(
    expect.arrayContaining([...foreign, name(second), name(third), "r-20200101T000000Z-000002.arrow"]),
  );
  expect(left).toHaveLength(foreign.length + 4);
  expect(readFileSync(third, "utf8")).toBe("not a recording");
});

test("a file that another process writes is not removed", async () => {
  await record(samples(100), { keep: 9 });
  const [path = ""] = paths();
  const holder = spawn("flock", ["--exclusive", path, "sh", "-c", "echo locked; exec sleep 60"]);
  try {
    await once(holder.stdout, "data");
    await record(samples(100), { keep: 1 });
    expect(paths()).toContain(path);
    await expect(recover(path)).rejects.toThrow(`Cannot write to ${path}: another process is writing to it`);
  } finally {
    holder.kill("SIGKILL");
    await once(holder, "exit");
  }
});

test("names and replay follow the order of recording, though the clock was set back, within a run and between", async () => {
  vi.useFakeTimers({ now: 1_900_000_000_000, toFake: ["Date"] });
  await record(samples(300), {});
  vi.setSystemTime(1_600_000_000_000);
  await record(samples(300, 300), {});
  vi.setSystemTime(1_700_000_000_000);
  const { stream, emit, complete } = tap();
  const other = `${folder}/back${count}`;
  mkdirSync(other);
  const ended = run(stream.pipe(toArrow(`${other}/r.arrow`, { batchRows: 1, rotate: { bytes: 1 } })));
  emit(row(1));
  await vi.waitFor(() => expect(readdirSync(other).length).toBeGreaterThan(0));
  vi.setSystemTime(1_690_000_000_000);
  emit(row(2), row(3));
  complete();
  await ended;

  expect(paths()).toEqual(paths().sort());
  const all = samples(600).map(({ seq }) => seq);
  expect(paths().flatMap(seqs)).toEqual(all);
  const played = await lastValueFrom(replay<Sample>(directory).pipe(toArray()));
  expect(played.map(({ seq }) => seq)).toEqual(all);
  const back = await lastValueFrom(replay<Sample>(other).pipe(toArray()));
  expect(back.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test("recordings from different boots are in the order of the machine's clock", async () => {
  const started = [3, 1, 2].map((day) => Date.UTC(2025, 0, day));
  for (const [i, time] of started.entries()) {
    vi.useFakeTimers({ now: time, toFake: ["Date"] });
    await run(of(row(time)).pipe(toArrow(`${directory}/${i}.arrow`)));
    // As on three days with a boot each.
    const bytes = readFileSync(`${directory}/${i}.arrow`);
    const { boot } = readRecording(`${directory}/${i}.arrow`).info;
    const text = bytes.toString("latin1").replaceAll(boot, boot.slice(0, -1) + "xyz"[i]);
    writeFileSync(`${directory}/${i}.arrow`, Buffer.from(text, "latin1"));
  }
  const played = await lastValueFrom(replay<{ seq: number }>(directory).pipe(toArray()));
  expect(played.map(({ seq }) => seq)).toEqual(started.toSorted());
});
