import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmdirSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as all } from "node:stream/consumers";

import { recover } from "@rxbpf/sinks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { tableFromIPC } from "../../../testing/flechette.js";
import { readByPolars } from "../../../testing/polars.js";
import { childProcesses } from "./child.js";
import { fullDisk, run } from "./conformance.js";
import { arrow, compressed } from "./recorded.js";
import { row, tap } from "./tap.js";
import { json, text } from "./tested.js";

const start = childProcesses();

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rxbpf-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=32k", "tmpfs", directory]);
});
afterEach(() => {
  execFileSync("umount", ["--lazy", directory]);
  rmdirSync(directory);
});

test.each([json, text, arrow, compressed])(
  "$name on a full disk reports it and leaves whole events",
  async (tested) => {
    // A batch of Arrow is written in one piece, and several must fit.
    if (tested === arrow || tested === compressed) execFileSync("mount", ["-o", "remount,size=2m", directory]);
    await fullDisk(tested, join(directory, "out"));
  },
);

/** Fills the disk, and keeps taking space that becomes free. */
function filler(): { stop: () => void } {
  const script = `while :; do dd if=/dev/zero bs=4096 >> ${directory}/filler 2>/dev/null; done`;
  const child = spawn("bash", ["-c", script], { stdio: "ignore", detached: true });
  return { stop: () => void process.kill(-child.pid!, "SIGKILL") };
}

test.each([arrow, compressed])("$name records what was lost though another process takes all space", async (tested) => {
  execFileSync("mount", ["-o", "remount,size=4m", directory]);
  const path = join(directory, "out");
  const { stream, calls, emit } = tap();
  const ended = run(stream.pipe(tested.sink(path)));
  let seq = 0;
  emit(row(seq++));
  await vi.waitFor(() => expect(tested.read(readFileSync(path))).toHaveLength(1));
  const { stop } = filler();
  try {
    await vi.waitFor(() => expect(statfsSync(directory).bfree).toBe(0), 10_000);
    const writing = setInterval(() => {
      for (let i = 0; i < 1000 && calls.close === 0; i++) emit(row(seq++, `${Math.random()}`));
    }, 1);
    await expect(ended).rejects.toThrow(`Cannot write to ${path}: no space left on device`);
    clearInterval(writing);
  } finally {
    stop();
  }
  const entries = tested.read(readFileSync(path));
  const lost = entries.pop();
  expect(lost).toEqual({ lost: seq - entries.length, reason: "disk full" });
  expect(entries).toEqual(Array.from(entries, (_, index) => expect.objectContaining({ seq: index })));
  expect(await recover(path)).toMatchObject({ finished: true });
  expect(tableFromIPC(readFileSync(path)).numRows).toBe(entries.length);
  expect(readByPolars(path).shape.height).toBe(entries.length);
});

test("room is reserved while recording, and freed at the end", async () => {
  execFileSync("mount", ["-o", "remount,size=4m", directory]);
  const path = join(directory, "out");
  const { stream, emit, complete } = tap();
  const ended = run(stream.pipe(arrow.sink(path)));
  emit(row(1));
  await vi.waitFor(() => expect(arrow.read(readFileSync(path))).toHaveLength(1));
  const taken = (): number => statSync(path).blocks * 512 - statSync(path).size;
  expect(taken()).toBeGreaterThan(8192);
  complete();
  await ended;
  expect(taken()).toBeLessThan(4096);
});

test("a disk that is full from the beginning leaves no file", async () => {
  const { stop } = filler();
  try {
    await vi.waitFor(() => expect(statfsSync(directory).bfree).toBe(0), 10_000);
  } finally {
    stop();
  }
  const path = join(directory, "out");
  const { stream, emit } = tap();
  const ended = run(stream.pipe(arrow.sink(path)));
  emit(row(1));
  await expect(ended).rejects.toThrow(`Cannot write to ${path}: no space left on device`);
  expect(readdirSync(directory)).toEqual(["filler"]);
});

test.each(["text", "json"])("%s on stdout reports a file that takes only a part", async (sink) => {
  const fd = openSync(join(directory, "out"), "w");
  const child = start(sink, "some", fd);
  closeSync(fd);
  expect(await all(child.stderr!)).toBe(
    "Cannot write to stdout: no space left on device; free some space, or write elsewhere\n",
  );
  await child.exited;
});
