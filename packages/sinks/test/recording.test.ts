import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";

import { readRecording, recover, toArrow } from "@rxbpf/sinks";
import { beforeAll, describe, expect, test } from "vitest";

import { tableFromIPC } from "../../../testing/flechette.js";
import { readByPolars } from "../../../testing/polars.js";
import { numbers, temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";
import { lost, samples, streamOf } from "./samples.js";

const folder = temporaryFolder();
const whole = `${folder}/whole.arrow`;
const part = `${folder}/part.arrow`;
const BATCH = 200;
const rows = samples(5 * BATCH);

/** Everything that can be read of a file. */
function read(path: string) {
  const batches = readRecording(path).batches();
  const found: unknown[] = [];
  let count = 0;
  for (let next = batches.next(); ; next = batches.next()) {
    if (next.done) return { rows: found, batches: count, ending: next.value };
    const { length, row } = next.value;
    count++;
    for (let i = 0; i < length; i++) found.push(row(i));
  }
}

/** The ends of all messages, found by cutting: at an end, one byte less drops the most. */
function readEnds(bytes: Buffer): number[] {
  const ends: number[] = [];
  let at = 8;
  while (bytes.readInt32LE(at) === -1 && bytes.readInt32LE(at + 4) > 0) {
    const length = bytes.readInt32LE(at + 4);
    // A message is followed by the mark of the next or of the end, at a multiple of 8.
    at += 8 + length;
    while (bytes.readInt32LE(at) !== -1 || !isMessage(bytes, at)) at += 8;
    ends.push(at);
  }
  return ends;
}

/** Whether a message or the end of all begins at an offset: a small length, then a flatbuffer's first offset. */
function isMessage(bytes: Buffer, at: number): boolean {
  const length = bytes.readInt32LE(at + 4);
  if (length === 0) return true;
  return length > 0 && length < 4096 && length % 8 === 0 && bytes.readUInt32LE(at + 8) < length;
}

describe.each([undefined, "zstd"] as const)("compressed by %s", (compression) => {
  let bytes: Buffer;
  beforeAll(async () => {
    await run(
      streamOf(rows.slice(0, 300), lost(7), rows.slice(300)).pipe(
        toArrow(whole, { batchRows: BATCH, compression, force: true }),
      ),
    );
    bytes = readFileSync(whole);
  });

  test("a complete recording is read to its end", () => {
    const { ending, batches } = read(whole);
    expect(ending).toEqual({ whole: bytes.length, dropped: 0, finished: true });
    expect(batches).toBe(5);
  });

  test("cut at any byte, it has all batches before the cut, and other readers can read it once it is recovered", async () => {
    const next = numbers(3);
    const places = Array.from({ length: 60 }, () => next(bytes.length));
    // Also at and around the end of each batch.
    const ends = readEnds(bytes);
    const cuts = [...places, ...ends.flatMap((end) => [end - 1, end, end + 1, end + 8]), 0, 1, 8, 9];
    let opened = 0;
    for (const cut of cuts) {
      writeFileSync(part, bytes.subarray(0, cut));
      const before = ends.filter((end) => end <= cut).length;
      if (before === 0) {
        expect(() => readRecording(part), `${cut}`).toThrow(/^Cannot read .*: (it|not a recording)/);
        await expect(recover(part)).rejects.toThrow(/^Cannot read/);
        expect(statSync(part).size).toBe(cut);
        continue;
      }
      opened++;
      // The first end is that of the head, the second that of the dictionary.
      const expected = rows.slice(0, Math.max(0, before - 2) * BATCH);
      const found = read(part);
      expect(found.rows, `${cut}`).toEqual(expected);
      expect(found.ending).toMatchObject({ finished: false, dropped: cut - ends[before - 1]! });

      expect(await recover(part)).toEqual({ rows: expected.length, dropped: found.ending.dropped, finished: false });
      expect(read(part)).toMatchObject({ rows: expected, ending: { finished: true, dropped: 0 } });
      expect(tableFromIPC(readFileSync(part)).numRows).toBe(expected.length);
      expect(readByPolars(part).shape.height).toBe(expected.length);
      expect(await recover(part)).toEqual({ rows: expected.length, dropped: 0, finished: true });
    }
    expect(opened).toBeGreaterThan(40);
  }, 30_000);

  test("a recording with random damage is read or refused in one line, and never takes long", () => {
    const next = numbers(11);
    for (let i = 0; i < 600; i++) {
      const damaged = Buffer.from(bytes);
      // Mostly in the head and in the heads of batches, where lengths are.
      for (let n = 1 + next(4); n > 0; n--) damaged[next(i % 3 === 0 ? damaged.length : 6000)] = next(256);
      writeFileSync(part, damaged);
      try {
        read(part);
      } catch (error) {
        expect((error as Error).message).toMatch(/^Cannot (read|represent) .*[^.]$/);
        expect((error as Error).message).not.toContain("\n");
      }
    }
  }, 30_000);

  test("lengths beyond the end of the file are not believed", () => {
    const ends = readEnds(bytes);
    // The length of the third message, and in it every number of 64 bits made huge.
    const start = ends[1]!;
    const length = bytes.readInt32LE(start + 4);
    for (let at = start + 8; at < start + 8 + length; at += 4) {
      for (const value of [0x7fffffff, -1, 0x40000000]) {
        const damaged = Buffer.from(bytes);
        damaged.writeInt32LE(value, at);
        writeFileSync(part, damaged);
        const { ending, batches } = read(part);
        expect(batches).toBeLessThanOrEqual(5);
        expect(ending.whole).toBeGreaterThanOrEqual(start);
      }
    }
  }, 30_000);
});

test("files that are no recordings are refused in one line", () => {
  const paths = { directory: `${folder}/directory`, pipe: `${folder}/pipe`, text: `${folder}/text` };
  mkdirSync(paths.directory);
  execFileSync("mkfifo", [paths.pipe]);
  writeFileSync(paths.text, "pid,comm\n1,init\n".repeat(100));
  writeFileSync(part, "");
  expect(() => readRecording(part)).toThrow(`Cannot read ${part}: it is empty`);
  expect(() => readRecording(`${folder}/none`)).toThrow(`Cannot read ${folder}/none: no such file or directory`);
  expect(() => readRecording(paths.directory)).toThrow(`Cannot read ${paths.directory}: it is not a file`);
  expect(() => readRecording(paths.pipe)).toThrow(`Cannot read ${paths.pipe}: it is not a file`);
  expect(() => readRecording(paths.text)).toThrow(`Cannot read ${paths.text}: not a recording of rxbpf`);
});

test("another program's Arrow file is refused", async () => {
  const { tableFromArrays, tableToIPC } = await import("@uwdata/flechette");
  writeFileSync(part, tableToIPC(tableFromArrays({ pid: [1, 2] }), { format: "file" })!);
  expect(() => readRecording(part)).toThrow(/^Cannot read .*: (it ends before|not a recording)/);
});
