import { spawn } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";

import type { Status } from "@rxbpf/core";
import { runningProcesses, type RunningProcess } from "@rxbpf/filters";
import type { AnyProbe } from "@rxbpf/probes";
import { type Compression, type Progress, type Rotation, type Snapshot, toArrow } from "@rxbpf/sinks";
import { filter, forkJoin, lastValueFrom, merge, type Observable, Subject, take, tap } from "rxjs";

import { progressLine } from "./progress.js";
import { report } from "./run.js";
import { signals } from "./signals.js";

/** A probe, and the options that it is recorded with. */
export interface Recorded {
  readonly probe: AnyProbe;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface RecordingOptions {
  readonly output: string;
  readonly rotation: Rotation | undefined;
  readonly compression: Compression;
  /** What to run: recording ends when it does. */
  readonly command: readonly string[] | undefined;
}

/**
 * Records probes until a signal, the end of their duration or of the command. If one fails the others are ended in good
 * order, and the failure is thrown.
 */
export async function runRecording(probes: readonly Recorded[], options: RecordingOptions): Promise<void> {
  const paths = pathsFor(options.output, probes);
  const stop = new Subject<unknown>();
  const streams = probes.map(({ probe, values }) => probe(values).until(merge(signals(), stop)));
  const ended = streams.map((stream) => report(stream));
  const attached = forkJoin(streams.map(({ status }) => status.pipe(filter(isAttached), take(1))));
  const child = options.command && startAfter(attached, options.command, stop);
  const progress = progressLine(
    probes.map(({ probe }) => probe.definition.name),
    process.stderr,
  );
  const runs = streams.map((stream, i) => {
    const { values } = probes[i]!;
    const { rotation: rotate, compression } = options;
    const sink = toArrow(paths[i]!, { rotate, compression, snapshot: () => snapshotOf(values) });
    const told = stream.pipe(
      sink,
      tap((value: Progress) => progress.tell(i, value)),
    );
    return lastValueFrom(told, { defaultValue: undefined }).catch((error: unknown) => {
      stop.next("failed");
      throw error;
    });
  });
  const results = await Promise.allSettled(runs);
  progress.end();
  child?.cancel();
  for (const end of ended) end();
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

function isAttached({ type }: Status): boolean {
  return type === "attached";
}

/** Where each probe is written. A directory is made if it is needed. */
function pathsFor(output: string, probes: readonly Recorded[]): string[] {
  const isDirectory = output.endsWith("/") || statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  if (probes.length === 1 && !isDirectory) return [output];
  try {
    mkdirSync(output, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Error(`Cannot make the directory ${output}: ${(cause as Error).message}`, { cause });
  }
  return probes.map(({ probe }) => join(output, `${probe.definition.name}.arrow`));
}

/** Runs a command once all programs are attached, and stops the recording when it has ended. */
function startAfter(
  attached: Observable<unknown>,
  [file = "", ...args]: readonly string[],
  stop: Subject<unknown>,
): { cancel(): void } {
  const waiting = attached.subscribe(() => {
    const child = spawn(file, args, { stdio: "inherit" });
    child.once("error", ({ message }) => {
      console.error(`rxbpf: Cannot run ${file}: ${message}`);
      process.exitCode = 1;
      stop.next("failed");
    });
    child.once("exit", () => stop.next("exit"));
  });
  return { cancel: () => waiting.unsubscribe() };
}

/** What runs now of what a probe sees with these options; nothing is told of other processes. */
function snapshotOf(values: Readonly<Record<string, unknown>>): Snapshot | undefined {
  const { cgroupmap, mntnsmap, pid, ppid, uid } = values as Partial<RunningProcess> & Record<string, string>;
  const narrowing = { ...(cgroupmap && { cgroupmap }), ...(mntnsmap && { mntnsmap }) };
  const is = (only: unknown, value: number): boolean => only === undefined || only === value;
  const wanted = (process: RunningProcess): boolean =>
    is(pid, process.pid) && is(ppid, process.ppid) && is(uid, process.uid);
  try {
    return { type: "snapshot", time: Date.now(), ...runningProcesses(narrowing, wanted) };
  } catch {
    return undefined; // the set is gone, or never was: what is narrowed to it says so
  }
}
