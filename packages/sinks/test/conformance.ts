import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { EventStream } from "@rxbpf/core";
import { consumers } from "@rxbpf/core/events";
import type { OutputOptions, Progress, Target } from "@rxbpf/sinks";
import { filter, from, map, merge, NEVER, type Observable, type OperatorFunction, Subject } from "rxjs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { row, type Row, tap } from "./tap.js";

/** An entry that was read back from a sink's output: an event or a loss. */
export type Entry = { seq: number; size: string; name: string } | { lost: number; reason: string };

/** A sink, and how to read what it writes. */
export interface Tested {
  readonly name: string;
  sink<E>(target: string, options?: OutputOptions): OperatorFunction<E, Progress>;
  /** The entries in order. Throws if anything is incomplete. */
  read(written: Buffer): Entry[];
  /** Whether its output has the losses of a full disk. */
  readonly tellsEnd?: boolean;
  /** How it writes a hostile name. */
  shown(name: string): string;
}

/** A sink that writes to streams too. */
export interface PipeTested extends Tested {
  sink<E>(target: Target, options?: OutputOptions): OperatorFunction<E, Progress>;
}

export const HOSTILE = [
  "/etc\x1b[1A/bashrc",
  "real\rfake",
  'one\n{"type":"lost","count":9}',
  "tab\tnul\0del\x7f",
  "c1\x9b2J",
  "bidi\u202egpj.\u2066exe",
  "line\u2028paragraph\u2029",
  'quote"back\\slash',
  "bytes\uef80\uefff",
];

/** A path for each test, and functions that read what was written there. */
function target(tested: Tested) {
  const directory = mkdtempSync(join(tmpdir(), "rxbpf-sink-"));
  const path = join(directory, "out");
  beforeEach(() => mkdirSync(directory, { recursive: true }));
  afterEach(() => rmSync(directory, { recursive: true }));
  const read = (): Entry[] => tested.read(readFileSync(path));
  const seqs = (): unknown[] => read().map((entry) => ("seq" in entry ? entry.seq : `${entry.lost} ${entry.reason}`));
  return { directory, path, read, seqs };
}

/** What every sink must do. */
export function conformance(tested: Tested): void {
  describe(`${tested.name} keeps the rules of all sinks`, () => {
    const { directory, path, read, seqs } = target(tested);

    test("an empty stream makes a valid empty file", async () => {
      const { stream, complete } = tap();
      const ended = run(stream.pipe(tested.sink(path)));
      complete();
      expect(await ended).toEqual({ rows: 0, bytes: statSync(path).size, lost: 0 });
      expect(read()).toEqual([]);
    });

    test("one event is written, to a file that only its owner can read", async () => {
      const { stream, emit, complete } = tap();
      const ended = run(stream.pipe(tested.sink(path)));
      emit(row(1, "/etc/passwd"));
      complete();
      expect(await ended).toEqual({ rows: 1, bytes: statSync(path).size, lost: 0 });
      expect(read()).toEqual([{ seq: 1, size: "10", name: "/etc/passwd" }]);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    });

    test("an existing file is left as it is, or with force another takes its name", async () => {
      writeFileSync(path, "x".repeat(10_000), { mode: 0o644 });
      const { ino } = statSync(path);
      const { stream, calls } = tap();
      await expect(run(stream.pipe(tested.sink(path)))).rejects.toThrow(
        `Cannot write to ${path}: it exists already; give another path, or replace it with --force (in a script: force: true)`,
      );
      expect(calls.start).toBe(0);
      expect(readFileSync(path, "utf8")).toBe("x".repeat(10_000));

      await run(from([row(1)]).pipe(tested.sink(path, { force: true })));
      expect(seqs()).toEqual([1]);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(path).ino).not.toBe(ino);
      expect(readdirSync(directory)).toEqual(["out"]);
    });

    test("a source that cannot start leaves an existing file, and makes none", async () => {
      const broken = (): EventStream<Row> =>
        new EventStream<Row>(tap().stream.info, () => {
          throw new Error("Cannot load tap: CAP_BPF is missing");
        });
      await expect(run(broken().pipe(tested.sink(path)))).rejects.toThrow("CAP_BPF");
      await expect(run(merge(broken()).pipe(tested.sink(path)))).rejects.toThrow("CAP_BPF");
      expect(readdirSync(directory)).toEqual([]);
      writeFileSync(path, "before");
      await expect(run(broken().pipe(tested.sink(path, { force: true })))).rejects.toThrow("CAP_BPF");
      expect(readFileSync(path, "utf8")).toBe("before");
      expect(openFiles()).not.toContain(directory);
    });

    test("if two sinks write to one path, the second is refused, and the file of the first is complete", async () => {
      const [first, second] = [tap(), tap()];
      const ended = run(first.stream.pipe(tested.sink(path)));
      first.emit(row(1));
      await vi.waitFor(() => expect(seqs()).toEqual([1]));
      const options = [undefined, { force: true }];
      for (const each of options)
        await expect(run(second.stream.pipe(tested.sink(path, each)))).rejects.toThrow(
          each ? `Cannot write to ${path}: another process is writing to it` : "it exists already",
        );
      expect(second.calls.start).toBe(0);
      first.emit(row(2));
      first.complete();
      await ended;
      expect(seqs()).toEqual([1, 2]);
    });

    test("if two sinks begin at the same moment, one is refused, and the file of the other is complete", async () => {
      const runs = [tap(), tap()].map((one) => ({ ...one, ended: run(one.stream.pipe(tested.sink(path))) }));
      for (const [i, { emit, complete }] of runs.entries()) {
        emit(row(i));
        complete();
      }
      const outcomes = await Promise.allSettled(runs.map(({ ended }) => ended));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(seqs()).toEqual([outcomes.findIndex(({ status }) => status === "fulfilled")]);
    });

    test("events that come while the source starts are written in order", async () => {
      const { stream } = tap((self) => {
        self.emit(row(1), row(2));
        self.lose(3, "ring full");
        self.emit(row(3));
        self.complete();
      });
      expect(await run(stream.pipe(tested.sink(path)))).toMatchObject({ rows: 3, lost: 3 });
      expect(seqs()).toEqual([1, 2, "3 ring full", 3]);
    });

    test("a line is in the file shortly after its event, while the stream is still open", async () => {
      const { stream, emit } = tap();
      const subscription = stream.pipe(tested.sink(path)).subscribe();
      for (const seq of [1, 2, 3]) {
        emit(row(seq));
        await vi.waitFor(() => expect(seqs()).toHaveLength(seq));
      }
      subscription.unsubscribe();
    });

    test("after an error midway the file holds what came before, and the error is passed on", async () => {
      const { stream, emit, fail } = tap();
      const ended = run(stream.pipe(tested.sink(path)));
      emit(row(1), row(2));
      fail(new Error("the ring broke"));
      await expect(ended).rejects.toThrow("the ring broke");
      expect(seqs()).toEqual([1, 2]);
      expect(openFiles()).not.toContain(path);
    });

    test("unsubscribing midway ends the source at once and leaves a complete file", async () => {
      const { stream, calls, emit } = tap();
      const subscription = stream.pipe(tested.sink(path)).subscribe();
      emit(row(1), row(2), row(3));
      subscription.unsubscribe();
      expect(calls.close).toBe(1);
      await vi.waitFor(() => expect(consumers()).toEqual([]));
      expect(openFiles()).not.toContain(path);
      expect(seqs()).toEqual([1, 2, 3]);
    });

    test("it is listed as a consumer until everything is written, however it ends, and can be ended as if its source had ended", async () => {
      const { stream, emit } = tap();
      const subscription = stream.pipe(tested.sink(path)).subscribe();
      emit(row(1));
      expect(consumers()).toHaveLength(1);
      subscription.unsubscribe();
      await vi.waitFor(() => expect(consumers()).toEqual([]));
      expect(openFiles()).not.toContain(path);
      expect(seqs()).toEqual([1]);

      const ended = run(merge(stream, NEVER).pipe(tested.sink(path, { force: true })));
      emit(row(2), row(3));
      for (const one of consumers()) one.end();
      expect(await ended).toMatchObject({ rows: 2 });
      expect(consumers()).toEqual([]);
      expect(seqs()).toEqual([2, 3]);
    });

    test("it completes only when everything is written and the file is closed", async () => {
      const rows = Array.from({ length: 50_000 }, (_, seq) => row(seq));
      let open: string[] = [path];
      const progress = await run(from(rows).pipe(tested.sink(path)), () => (open = openFiles()));
      expect(open).not.toContain(path);
      expect(progress).toEqual({ rows: rows.length, bytes: statSync(path).size, lost: 0 });
      expect(seqs()).toEqual(rows.map(({ seq }) => seq));
    });

    test("losses are written where they happened, and counted", async () => {
      const { stream, emit, lose, complete } = tap();
      const ended = run(stream.pipe(tested.sink(path)));
      emit(row(1));
      lose(12, "ring full");
      emit(row(2));
      lose(1, "map full");
      lose(5, "ring full");
      complete();
      expect(await ended).toMatchObject({ rows: 2, lost: 18 });
      expect(seqs()).toEqual([1, "12 ring full", 2, "1 map full", "5 ring full"]);
    });

    test("losses of merged streams are written", async () => {
      const [a, b] = [tap(), tap()];
      const ended = run(
        merge(a.stream, b.stream).pipe(
          filter(() => true),
          tested.sink(path),
        ),
      );
      a.emit(row(1));
      b.lose(2, "ring full");
      a.complete();
      b.complete();
      expect(await ended).toMatchObject({ rows: 1, lost: 2 });
      expect(read()).toContainEqual({ lost: 2, reason: "ring full" });
    });

    test("each of two sinks on one stream writes its own losses", async () => {
      const { stream, runs } = tap();
      const other = `${path}.other`;
      const [first, second] = [path, other].map((to) => run(stream.pipe(tested.sink(to))));
      const one = (seq: number) => ({ length: 1, row: () => row(seq) });
      const lost = { type: "lost", time: 1, count: 3, total: 3, reason: "ring full" } as const;
      runs[0]!.batch(one(1));
      runs[0]!.status(lost);
      runs[1]!.status({ ...lost, count: 5, reason: "map full" });
      runs[1]!.batch(one(2));
      for (const each of runs) each.complete();
      expect([await first, await second]).toMatchObject([{ lost: 3 }, { lost: 5 }]);
      expect(seqs()).toEqual([1, "3 ring full"]);
      expect(tested.read(readFileSync(other))).toContainEqual({ lost: 5, reason: "map full" });
    });

    test("integers of 64 bits are written exactly, as numbers and as bigints", async () => {
      const sizes = [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2 ** 32, 0, 2n ** 64n - 1n, -(2n ** 63n)];
      const rows = from(sizes).pipe(map((size, seq) => ({ ...row(seq), size })));
      await run(rows.pipe(tested.sink(path)));
      expect(read().map((entry) => "size" in entry && entry.size)).toEqual(sizes.map(String));
    });

    test("hostile strings can neither hide nor forge a line", async () => {
      const { stream, emit, complete } = tap();
      const ended = run(stream.pipe(tested.sink(path)));
      emit(...HOSTILE.map((name, seq) => row(seq, name)));
      complete();
      await ended;
      expect(read()).toEqual(HOSTILE.map((name, seq) => ({ seq, size: `${seq * 10}`, name: tested.shown(name) })));
    });

    test("a path that cannot be opened is an error before the source starts", async () => {
      const { stream, calls } = tap();
      const missing = join(directory, "missing", "out");
      await expect(run(stream.pipe(tested.sink(missing)))).rejects.toThrow(
        `Cannot write to ${missing}: no such file or directory`,
      );
      expect(calls.start).toBe(0);
    });

    test("a write that fails is an error that names the target", async () => {
      const { stream, calls, emit } = tap();
      const ended = run(stream.pipe(tested.sink("/dev/full")));
      emit(row(1));
      await expect(ended).rejects.toThrow("Cannot write to /dev/full: no space left on device");
      expect(calls.close).toBe(1);
      expect(openFiles()).not.toContain("/dev/full");
    });
  });
}

/** What every sink must do that also writes to pipes. */
export function pipeConformance(tested: PipeTested): void {
  describe(`${tested.name} keeps the rules of sinks that write to pipes`, () => {
    const { path, seqs } = target(tested);

    test("a pipe that its reader closes ends the source quietly", async () => {
      execFileSync("mkfifo", [path]);
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const { stream, calls, emit } = tap();
      const ended = run(stream.pipe(tested.sink(path)));
      emit(row(1));
      await new Promise(setImmediate);
      closeSync(reader);
      emit(row(2));
      expect(await ended).toMatchObject({ rows: 2, lost: 0 });
      expect(calls.close).toBe(1);
      expect(openFiles()).not.toContain(path);
    });

    test("a reader that ends early ends the source quietly", async () => {
      const child = spawn("true", { stdio: ["pipe", "ignore", "inherit"] });
      const { stream, calls, emit } = tap();
      const ended = run(stream.pipe(tested.sink(child.stdin)));
      await new Promise((resolve) => child.once("exit", resolve));
      emit(row(1));
      await ended;
      expect(calls.close).toBe(1);
    });

    test("a named pipe that nobody reads is an error, and does not block", async () => {
      execFileSync("mkfifo", [path]);
      await expect(run(tap().stream.pipe(tested.sink(path)))).rejects.toThrow(
        `Cannot write to ${path}: no process reads it`,
      );
    });

    test("while a reader is slow the source is held, and nothing is lost", async () => {
      const reader = slowReader(path);
      const source = tap();
      const ended = run(source.stream.pipe(tested.sink(reader.stdin)));
      let seq = 0;
      let most = 0;
      const go = (): void => {
        if (source.held) return;
        source.emit(...Array.from({ length: 100 }, () => row(seq++, "x".repeat(100))));
        most = Math.max(most, reader.stdin.writableLength);
        if (seq < 50_000) setImmediate(go);
        else source.complete();
      };
      source.onRelease = go;
      go();
      await vi.waitFor(() => expect(source.held).toBe(true));
      expect(seq).toBeLessThan(20_000);
      reader.kill("SIGCONT");

      expect(await ended).toMatchObject({ rows: 50_000, lost: 0 });
      expect(source.calls.release).toBe(source.calls.hold);
      expect(most).toBeLessThan(2 << 20);
      await reader.end();
      expect(seqs()).toEqual(Array.from({ length: 50_000 }, (_, index) => index));
    });

    test("a source that cannot be held loses whole events if a reader is too slow, and the loss is written", async () => {
      const reader = slowReader(path);
      const rows = new Subject<Row>();
      const ended = run(rows.pipe(tested.sink(reader.stdin)));
      const total = 20_000;
      let most = 0;
      for (let seq = 0; seq < total; seq++) {
        rows.next(row(seq, "x".repeat(4096)));
        most = Math.max(most, reader.stdin.writableLength);
      }
      reader.kill("SIGCONT");
      await vi.waitFor(() => expect(reader.stdin.writableLength).toBe(0), 5000);
      rows.next(row(total));
      rows.complete();

      const { rows: written, lost } = await ended;
      expect(lost).toBeGreaterThan(0);
      expect(written + lost).toBe(total + 1);
      expect(most).toBeLessThan(65 << 20);
      await reader.end();
      expect(seqs()).toEqual([...Array(written - 1).keys(), `${lost} sink full`, total]);
    });
  });
}

/** What every sink must do when its disk fills up. Needs a file system with little room. */
export async function fullDisk(tested: Tested, path: string): Promise<void> {
  const { stream, calls, emit } = tap();
  const ended = run(stream.pipe(tested.sink(path)));
  let seq = 0;
  const writing = setInterval(() => {
    for (let i = 0; i < 100 && calls.close === 0; i++) emit(row(seq++));
  }, 1);
  try {
    await expect(ended).rejects.toThrow(`Cannot write to ${path}: no space left on device`);
  } finally {
    clearInterval(writing);
  }
  expect(calls.close).toBe(1);
  expect(openFiles()).not.toContain(path);
  const entries = tested.read(readFileSync(path));
  const lost = tested.tellsEnd ? entries.pop() : undefined;
  expect(entries.length).toBeGreaterThan(100);
  expect(entries).toEqual(Array.from(entries, (_, index) => expect.objectContaining({ seq: index })));
  if (tested.tellsEnd) expect(lost).toEqual({ lost: seq - entries.length, reason: "disk full" });
}

/** Subscribes; resolves with the last progress when the sink completes. */
export function run(progress: Observable<Progress>, completed: () => void = () => {}): Promise<Progress> {
  return new Promise((resolve, reject) => {
    let last: Progress | undefined;
    progress.subscribe({
      next: (value) => (last = value),
      error: reject,
      complete: () => {
        completed();
        if (last) resolve(last);
        else reject(new Error("There was no progress"));
      },
    });
  });
}

/** The paths that this process has open. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // the descriptor of the listing itself
    }
  });
}

/** A process that reads a pipe into a file, stopped until it gets SIGCONT. */
function slowReader(path: string) {
  const child = spawn("dd", [`of=${path}`, "bs=64k", "status=none"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.kill("SIGSTOP");
  const exited = new Promise((resolve) => child.once("exit", resolve));
  return Object.assign(child, {
    end: async (): Promise<void> => {
      child.stdin.end();
      expect(await exited).toBe(0);
    },
  });
}
