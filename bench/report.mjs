// What making a page of a million events costs: of a flood of one program's opens, and of opens by many programs.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";

import { EventStream, sampleEvent } from "@rxbpf/core";
import { openEvent, opensnoop } from "@rxbpf/probes";
import { toArrow } from "@rxbpf/sinks";
import { from, lastValueFrom } from "rxjs";

import { flood } from "./flood.mjs";
import { median } from "./statistics.mjs";
import { rxbpf, tools } from "./tools.mjs";
import { startTracer } from "./tracer.mjs";

const EVENTS = 1_000_000;
const EVENTS_OF_A_PROGRAM = 200;
const PATHS = 20_000;

/** @returns by recording: `seconds`, `cpu` seconds, `peak` and page `bytes`; medians of rounds */
export async function report({ folder, rounds }) {
  const recordings = { flood: await recordFlood(folder), varied: await recordVaried(folder) };
  const page = path.join(folder, "page.html");
  const measured = {};
  for (const [name, file] of Object.entries(recordings)) {
    const runs = Array.from({ length: rounds }, () => make(folder, file, page));
    const of = (key) => median(runs.map((run) => run[key]));
    measured[name] = Object.fromEntries(Object.keys(runs[0]).map((key) => [key, of(key)]));
    rmSync(file);
  }
  rmSync(page);
  return measured;
}

function make(folder, file, page) {
  const usage = path.join(folder, "usage.json");
  const began = performance.now();
  const { status, stderr } = spawnSync(path.join(folder, "usage"), [
    ...[usage, ...rxbpf, "report", file],
    ...["--force", "-o", page],
  ]);
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(String(stderr));
  const { user, system, peak } = JSON.parse(readFileSync(usage, "utf8"));
  return { seconds, cpu: user + system, peak, bytes: statSync(page).size };
}

async function recordFlood(folder) {
  const file = path.join(folder, "flood.arrow");
  const tracer = startTracer(folder, tools.record.command(file));
  await tracer.attached();
  await flood(folder, EVENTS);
  await tracer.stop();
  return file;
}

/** Opens as builds make them: each program some, of files that others open too, at uneven times. */
async function recordVaried(folder) {
  const file = path.join(folder, "varied.arrow");
  const opens = EventStream.of(opensnoop().info, from(variedOpens()));
  await lastValueFrom(opens.pipe(toArrow(file)));
  return file;
}

function* variedOpens() {
  let random = 1;
  const below = (limit) => (random = (Math.imul(random, 1103515245) + 12345) >>> 0) % limit;
  for (let i = 0, time = 1_700_000_000_000; i < EVENTS; i++, time += below(100_000) / 1e6) {
    const program = Math.floor(i / EVENTS_OF_A_PROGRAM);
    const process = { pid: 1000 + program, tid: 1000 + program, ppid: 999, execId: 2 ** 40 + program };
    const opened = below(PATHS);
    const result = opened % 5 === 0 ? -2 : 3 + (opened % 7);
    const file = { path: `/usr/include/part${opened % 50}/lib${opened % 900}/header-${opened}.h`, ret: result };
    yield sampleEvent(openEvent, { time, ...process, comm: `cc${program % 30}`, cpu: i % 2, ...file });
  }
}
