import { setTimeout as delay } from "node:timers/promises";

import { type Attachment, attachments, consumers } from "@rxbpf/core";

/** How often it is looked which of them there are. */
const LOOK_MS = 20;
/** How long a script may then go on with what no stream, sink or loop shows, such as a last file to write. */
const GRACE_MS = 2_000;

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
  setTimeout(() => process.stdout.write("", () => process.exit()), GRACE_MS).unref();
}
