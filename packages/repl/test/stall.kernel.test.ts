import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";

import { opensnoop } from "@rxbpf/probes";
import { type Progress, replay, toArrow, toJson } from "@rxbpf/sinks";
import { filter, firstValueFrom, lastValueFrom, type OperatorFunction, Subject, toArray } from "rxjs";
import { expect, test } from "vitest";

import { compile, temporaryFolder } from "../../../testing/programs.js";

const folder = temporaryFolder();
/** A name that no other flood of this machine has. */
const comm = `stall-${process.pid}`;
const flood = `${folder}/${comm}`;
copyFileSync(compile(new URL("../../../bench/flood.c", import.meta.url), folder), flood);
/** Most of what the ring holds by default. A flood makes them in about a quarter of a second. */
const OPENS = 280_000;

interface Open {
  /** Unix milliseconds. */
  readonly time: number;
  readonly path: string;
}

/** Traces a flood of opens, of which this process reads nothing before the last. Gives when that was. */
async function traceStalled(sink: OperatorFunction<unknown, Progress>) {
  const stop = new Subject<void>();
  const stream = opensnoop({ comm });
  const attached = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const ended = lastValueFrom(stream.until(stop).pipe(sink));
  await attached;

  const from = Date.now();
  execFileSync(flood, [String(OPENS)]);
  const to = Date.now();
  stop.next();
  return { from, to, last: await ended };
}

function check(opens: readonly Open[], { from, to, last }: Awaited<ReturnType<typeof traceStalled>>): void {
  expect(last.lost).toBe(0);
  const times = opens.filter(({ path }) => path === "/etc/hostname").map(({ time }) => time);
  expect(times.length).toBe(OPENS);
  expect(times.every((time) => time > from - 2 && time < to + 2)).toBe(true);
}

test("no event is lost of a flood that is recorded while this process reads nothing", async () => {
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
