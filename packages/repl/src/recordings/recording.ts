import { statSync } from "node:fs";
import { join, parse } from "node:path";

import { printable, type Status } from "@rxbpf/core";
import type { Command } from "@rxbpf/filters";
import { type AnyProbe, UsageError } from "@rxbpf/probes/define";
import { type Compression, makeDirectory, type Rotation, toArrow } from "@rxbpf/sinks";
import {
  filter,
  firstValueFrom,
  forkJoin,
  lastValueFrom,
  merge,
  NEVER,
  startWith,
  Subject,
  switchMap,
  take,
  tap,
} from "rxjs";

import { runCommand } from "../process/command.js";
import { progressLine } from "./progress.js";
import { report } from "../process/run.js";
import { cutShort, signals } from "../process/signals.js";
import { shippingBeside, type SideShipping } from "./shipping.js";
import { Snapshots } from "./snapshot.js";

/** A probe, and the options that it is recorded with. */
export interface Recorded {
  readonly probe: AnyProbe;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface RecordingOptions {
  readonly output: string;
  readonly rotation: Rotation | undefined;
  readonly batchBytes: number | undefined;
  readonly compression: Compression;
  /** Whether to replace files that exist. */
  readonly force: boolean | undefined;
  /** The command to run: recording ends when it ends, and this process takes its status. */
  readonly command: Command | undefined;
  /** Where to send the recordings, if anywhere. */
  readonly ship: { readonly to: readonly string[]; readonly deleteSent: boolean | undefined };
}

/**
 * Records probes until a signal, or until their duration or the command ends. If one fails, the others are ended in good order,
 * and the failure is thrown. No file is made before all probes are attached and the command runs. Returns where each was
 * written.
 */
export async function runRecording(probes: readonly Recorded[], options: RecordingOptions): Promise<readonly string[]> {
  const {
    output,
    rotation: rotate,
    batchBytes,
    compression,
    force,
    command,
    ship: { to, deleteSent },
  } = options;
  const stop = new Subject<void>();
  const signalled = signals(command);
  const endsItself = command !== undefined || probes.every(({ values }) => "duration" in values);
  if (endsItself) signalled.subscribe((one) => cutShort(one, command));
  const ending = merge(signalled, stop);
  const streams = probes.map(({ probe, values }) => probe(values).until(ending));
  const { paths, forget } = pathsFor(output, probes);
  if (to.length > 0 && paths[0] === output)
    throw new UsageError("--ship needs --output DIRECTORY/, all of which is sent");
  const progress = progressLine(
    probes.map(({ probe }) => probe.definition.name),
    rotate ? paths.map(partsOf) : paths,
    process.stderr,
  );
  const ended = streams.map((stream) => report(stream));
  let failure: { readonly error: unknown } | undefined;
  const failed = new Subject<never>();
  const fail = (error: unknown): void => {
    failure ??= { error };
    failed.error(error);
    stop.next();
  };
  const attached = forkJoin(streams.map(({ status }) => status.pipe(filter(isAttached), take(1))));
  const snapshots = new Snapshots(({ message }) =>
    console.error(`rxbpf: not all processes can be named: ${printable(message)}`),
  );
  // Before the first event, whose process might end at once.
  const opening = merge(...streams.map(({ status }) => status))
    .pipe(filter(isAttached), take(1))
    .subscribe(() => snapshots.open());
  const begun = new Subject<void>();
  const ready = firstValueFrom(merge(begun, failed, ending));
  let shipping: SideShipping | undefined;
  ready.then(
    () => (shipping = to.length > 0 ? shippingBeside(output, to, { deleteSent }) : undefined),
    () => {}, // no recorder may get as far as waiting for it
  );
  const work = command ? runCommand(command) : NEVER.pipe(startWith(undefined));
  const running = attached
    .pipe(switchMap(() => work))
    .subscribe({ next: () => begun.next(), error: fail, complete: () => stop.next() });
  const runs = streams.map((stream, i) => {
    const { probe, values } = probes[i]!;
    const sink = toArrow(paths[i]!, {
      rotate,
      batchBytes,
      compression,
      force,
      ready,
      snapshot: snapshots.of(probe, values),
    });
    const told = stream.pipe(
      sink,
      tap((value) => progress.tell(i, value)),
    );
    return lastValueFrom(told, { defaultValue: undefined }).catch(fail);
  });
  await Promise.all(runs);
  opening.unsubscribe();
  snapshots.close();
  running.unsubscribe();
  progress.end();
  for (const end of ended) end();
  forget();
  if (!failure) progress.conclude();
  shipping?.drain();
  await shipping?.done;
  if (failure) throw failure.error;
  return paths;
}

/** The name of a probe's file in a recording that has several. */
function partsOf(path: string): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}-*${ext}`);
}

function isAttached({ type }: Status): boolean {
  return type === "attached";
}

/** The path for each probe. Makes a directory if needed; `forget` removes it if it is still empty. */
function pathsFor(output: string, probes: readonly Recorded[]): { paths: readonly string[]; forget: () => void } {
  const isDirectory = output.endsWith("/") || statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  if (probes.length === 1 && !isDirectory) return { paths: [output], forget: () => {} };
  const forget = makeDirectory(output);
  return { paths: probes.map(({ probe }) => join(output, `${probe.definition.name}.arrow`)), forget };
}
