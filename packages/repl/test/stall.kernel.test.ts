import { readFileSync } from "node:fs";

import { opensnoop } from "@rxbpf/probes";
import { type Progress, replay, toArrow, toJson } from "@rxbpf/sinks";
import { filter, firstValueFrom, lastValueFrom, type OperatorFunction, share, Subject, toArray } from "rxjs";
import { expect, test } from "vitest";

import { compile, start, temporaryFolder } from "../../../testing/programs.js";

const folder = temporaryFolder();
const flood = compile(new URL("../../../bench/flood.c", import.meta.url), folder);
const OPENS = 500_000;
const STALL_MS = 500;

interface Open {
  /** Unix milliseconds. */
  readonly time: number;
  readonly path: string;
}

/** Traces a flood of opens, with a stall of this process in the middle of it. Gives when that was. */
async function traceStalled(sink: OperatorFunction<unknown, Progress>) {
  const stop = new Subject<void>();
  const stream = opensnoop({ comm: "flood" });
  const attached = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const progress = stream.until(stop).pipe(sink, share());
  const begun = firstValueFrom(progress.pipe(filter(({ rows }) => rows > 0)));
  const ended = lastValueFrom(progress);
  await attached;

  const child = start(flood, [String(OPENS)]);
  await begun;
  const from = Date.now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
  const to = Date.now();
  await child.ended();
  stop.next();
  return { from, to, last: await ended };
}

function check(opens: readonly Open[], { from, to, last }: Awaited<ReturnType<typeof traceStalled>>): void {
  expect(last.lost).toBe(0);
  expect(opens.filter(({ path }) => path === "/etc/hostname").length).toBe(OPENS);
  // The flood went on meanwhile.
  expect(opens.filter(({ time }) => time > from && time < to).length).toBeGreaterThan(10_000);
}

test("half a second in which this process reads nothing loses no event of a flood that is recorded", async () => {
  const path = `${folder}/opens.arrow`;
  const run = await traceStalled(toArrow(path));
  check(await lastValueFrom(replay<Open>(path).pipe(toArray())), run);
});

test("nor of one that is written as JSON", async () => {
  const path = `${folder}/opens.ndjson`;
  const run = await traceStalled(toJson(path));
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  check(
    lines.map((line) => JSON.parse(line) as Open),
    run,
  );
});
