import { setTimeout as delay } from "node:timers/promises";

import { type Attachment, attachments, consumers, type EventStream } from "@rxbpf/core";
import { finalize, NEVER } from "rxjs";

import { FAILED } from "./exit.js";
import { signals } from "./signals.js";
import { lost } from "./standard.js";

/** How often it is looked which of them there are. */
const LOOK_MS = 20;
/** How long a script may then go on with what no stream, sink or loop shows, such as a last file to write. */
const GRACE_MS = 2_000;
/** And how long a reader may then take for what was printed. */
const PATIENCE_MS = 5_000;

/**
 * Ends a script in good order: its streams, then its sinks and loops, those too whose sources go on all the same. What
 * they have is delivered and written, however long that takes. Then mostly the process ends by itself; else, as when
 * a timer keeps it alive, it is ended after a while, with its output written.
 */
export async function endInOrder(): Promise<void> {
  const stopped = new Set<Attachment>();
  const stopStreams = (): void => {
    for (const stream of attachments().filter((one) => !stopped.has(one))) {
      stopped.add(stream);
      stream.stop();
    }
  };
  const streams = attachments();
  stopStreams();
  // What ends may make a script start another, which nobody waits for.
  setInterval(stopStreams, LOOK_MS).unref();
  while (attachments().some((one) => streams.includes(one))) await delay(LOOK_MS);

  const ending = consumers();
  for (const one of ending) one.end();
  while (consumers().some((one) => ending.includes(one))) await delay(LOOK_MS);
  setTimeout(() => void leave(), GRACE_MS).unref();
}

/**
 * The same stream, ended in good order by a signal. Once it has ended its sink waits no longer than some seconds for a reader that
 * takes nothing: after a signal, and if it is not `patient` in any case.
 */
export function untilSignal<E>(stream: EventStream<E>, { patient }: { patient: boolean }): EventStream<E> {
  signals().subscribe(() => void endInOrder());
  const endSinks = (): void => {
    for (const sink of consumers()) sink.end();
  };
  // What could end a stream is listened to as long as it runs.
  return patient ? stream : stream.until(NEVER.pipe(finalize(endSinks)));
}

/** Ends the process once its output is written, which a reader may take some seconds for. */
async function leave(): Promise<void> {
  const written = new Promise<string>((resolve) => process.stdout.write("", () => resolve("")));
  const unread = `rxbpf: Cannot write to stdout: nobody read it for ${PATIENCE_MS / 1000} s`;
  const complaint = lost.aborted ? "" : await Promise.race([written, delay(PATIENCE_MS, unread)]);
  if (complaint !== "") {
    console.error(complaint);
    process.exitCode = FAILED;
  }
  process.exit();
}
