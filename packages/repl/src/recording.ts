import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { printable, stateOf, type Status } from "@rxbpf/core";
import type { AnyProbe } from "@rxbpf/probes";
import { type Compression, type Rotation, toArrow } from "@rxbpf/sinks";
import { filter, forkJoin, lastValueFrom, merge, Subject, switchMap, take, tap } from "rxjs";

import { runCommand } from "./command.js";
import { progressLine } from "./progress.js";
import { report } from "./run.js";
import { signals } from "./signals.js";
import { Snapshots } from "./snapshot.js";

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
  const { output, rotation: rotate, compression, command } = options;
  const paths = pathsFor(output, probes);
  const stop = new Subject<void>();
  const streams = probes.map(({ probe, values }) => probe(values).until(merge(signals(), stop)));
  const progress = progressLine(
    probes.map(({ probe }) => probe.definition.name),
    process.stderr,
  );
  const ended = streams.map((stream) => report(stream));
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.next();
  };
  const attached = forkJoin(streams.map(({ status }) => status.pipe(filter(isAttached), take(1))));
  const snapshots = new Snapshots(({ message }) =>
    console.error(`rxbpf: not all processes can be named: ${printable(message)}`),
  );
  // Before the first event can be of somebody who ends.
  const opening = merge(...streams.map(({ status }) => status))
    .pipe(filter(isAttached), take(1))
    .subscribe(() => snapshots.open());
  const running =
    command &&
    attached.pipe(switchMap(() => runCommand(command))).subscribe({ error: fail, complete: () => stop.next() });
  const runs = streams.map((stream, i) => {
    const { values } = probes[i]!;
    const sink = toArrow(paths[i]!, { rotate, compression, snapshot: snapshots.of(values) });
    const told = stream.pipe(
      sink,
      tap((value) => progress.tell(i, value)),
    );
    return lastValueFrom(told, { defaultValue: undefined }).catch(fail);
  });
  await Promise.all(runs);
  opening.unsubscribe();
  snapshots.close();
  running?.unsubscribe();
  progress.end();
  for (const end of ended) end();
  if (failure) throw failure.error;
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
    throw new Error(`Cannot make the directory ${output}: ${stateOf(cause)}`, { cause });
  }
  return probes.map(({ probe }) => join(output, `${probe.definition.name}.arrow`));
}
