import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { type StreamRun, runs, consumers } from "@rxbpf/core/events";

import { FAILED } from "./exit.js";
import { lost } from "./standard.js";

/** How often it is looked which of them there are. */
const LOOK_MS = 20;
/** How long a script may then go on with what no stream, sink or loop shows, such as a last file to write. */
const GRACE_MS = 2_000;
/** And how long a reader may then take nothing of what was printed. */
const PATIENCE_MS = 5_000;

/**
 * Ends what runs in good order: streams, then sinks and loops, those too whose sources go on all the same. What they have is
 * delivered and written, however long that takes, but for a reader that reads nothing. Then mostly the process ends by
 * itself; else, as when a timer keeps it alive, it is ended after a while, with its output written.
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
  // A stream whose sink cannot write is held, and has no end.
  hurrySinks();
  stopStreams();
  // What ends may make a script start another, which nobody waits for.
  setInterval(stopStreams, LOOK_MS).unref();
  while (runs().some((one) => streams.includes(one))) await delay(LOOK_MS);

  const ending = consumers();
  hurrySinks();
  for (const one of ending) one.end();
  while (consumers().some((one) => ending.includes(one))) await delay(LOOK_MS);
  setTimeout(leave, GRACE_MS).unref();
}

/** Makes sinks wait no longer than some seconds for readers that read nothing. */
export function hurrySinks(): void {
  for (const one of consumers()) one.hurry();
}

/** Ends the process once its output is written. */
function leave(): void {
  if (lost.aborted) process.exit();
  expectReader();
  process.stdout.write("", () => process.exit());
}

/** From now on ends the process with a word when nobody has read its output for some seconds. */
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
