import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";

import { onTestFinished } from "vitest";

import { makeFtrace } from "./ftrace.js";
import { uniqueName } from "./kernel-objects.js";

/** A loop device on a file. */
export interface Disk {
  /** Its device, as `/dev/loop0`. */
  readonly path: string;
  readonly name: string;
}

/** Makes a disk, which is removed with the test. */
export function makeDisk(folder: string, bytes: number): Disk {
  const file = path.join(folder, uniqueName());
  writeFileSync(file, "");
  truncateSync(file, bytes);
  const device = execFileSync("losetup", ["--find", "--show", file], { encoding: "utf8" }).trim();
  onTestFinished(() => void execFileSync("losetup", ["--detach", device]));
  return { path: device, name: path.basename(device) };
}

/** A request to a disk, as ftrace shows it at a tracepoint. */
export interface TracedRequest {
  readonly tracepoint: string;
  readonly comm: string;
  readonly pid: number;
  /** Seconds since boot. */
  readonly time: number;
  /** Flags such as R and W. */
  readonly flags: string;
  readonly sector: number;
  readonly sectors: number;
}

/** Traces block tracepoints, such as `block_rq_issue`, of one disk in its own instance of ftrace. */
export function traceDisk(disk: Disk, folder: string, tracepoints: readonly string[]): () => readonly TracedRequest[] {
  const instance = makeFtrace(folder);
  const [major, minor] = readFileSync(`/sys/block/${disk.name}/dev`, "utf8").split(":").map(Number) as [number, number];
  for (const tracepoint of tracepoints) {
    const event = path.join(instance, "events/block", tracepoint);
    writeFileSync(path.join(event, "filter"), `dev == ${(major << 20) | minor}`);
    writeFileSync(path.join(event, "enable"), "1");
  }
  return () => readFileSync(path.join(instance, "trace"), "utf8").split("\n").flatMap(parseRequest);
}

/** `  dd-128  [001] .....  12.345678: block_rq_issue: 7,0 WS 8192 () 80 + 16 none,0,0 [dd]` */
function parseRequest(line: string): TracedRequest[] {
  if (line.startsWith("#") || line === "") return [];
  const parts = /^\s*(.*)-(\d+)\s+\[\d+\] \S+\s+(\d+\.\d+): (\w+): \d+,\d+ (\w+) (?:\d+ )?\(.*\) (\d+) \+ (\d+) /.exec(
    line,
  );
  if (!parts) throw new Error(`Cannot read the trace's line ${line}`);
  const [, comm, pid, time, tracepoint, flags, sector, sectors] = parts as unknown as string[];
  return [
    {
      ...{ tracepoint: tracepoint!, comm: comm!, pid: Number(pid), time: Number(time), flags: flags! },
      ...{ sector: Number(sector), sectors: Number(sectors) },
    },
  ];
}
