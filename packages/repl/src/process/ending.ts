import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { type StreamRun, runs, consumers } from "@rxbpf/core/events";

import { FAILED } from "./exit.js";
import { lost } from "./standard.js";

/** How often to check which of them are left. */
const LOOK_MS = 20;
/** How long a script may then go on with other work, such as writing a last file. */
const GRACE_MS = 2_000;
/** How long a reader of stdout may then read nothing. */
const PATIENCE_MS = 5_000;

/**
 * Ends what runs in good order: streams first, then sinks and loops, even those whose sources go on. They deliver and write all
 * that they have, however long that takes, unless a reader reads nothing. Then the process usually ends by itself; if not, as
 * when a timer keeps it alive, it is ended after a while, with its output written.
 */
export async function endInOrder(): Promise<void> {
  const stopped = new Set<StreamRun>();
  const stopStreams = (): void => {
    for (const stream of runs().filter((one) => !stopped.has(one))) {
      stopped.add(stream);
      stream.stop();
    }
  };
  const streams = runs();
  // A sink that cannot write holds its stream, which then has no end.
  hurrySinks();
  stopStreams();
  // When a stream ends, the script may start another one, for which nobody waits.
  setInterval(stopStreams, LOOK_MS).unref();
  while (runs().some((one) => streams.includes(one))) await delay(LOOK_MS);

  const ending = consumers();
  hurrySinks();
  for (const one of ending) one.end();
  while (consumers().some((one) => ending.includes(one))) await delay(LOOK_MS);
  setTimeout(leave, GRACE_MS).unref();
}

/** Limits how long sinks wait for a reader that reads nothing. */
export function hurrySinks(): void {
  for (const one of consumers()) one.hurry();
}

/** Ends the process once its output is written. */
function leave(): void {
  if (lost.aborted) process.exit();
  expectReader();
  process.stdout.write("", () => process.exit());
}

/** From now on, ends the process with a message if nobody reads its output for some seconds. */
export function expectReader(): void {
  const { stdout } = process;
  if (!(stdout instanceof Socket)) return;
  stdout.setTimeout(PATIENCE_MS).on("timeout", () => {
    if (stdout.writableLength === 0) return;
    const unread = `nobody read it for ${PATIENCE_MS / 1000} s, and up to ${stdout.writableLength} bytes were not written`;
    console.error(`rxbpf: Cannot write to stdout: ${unread}`);
    process.exit(FAILED);
  });
}
