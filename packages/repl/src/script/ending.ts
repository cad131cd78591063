import { setTimeout as delay } from "node:timers/promises";

import { type Attachment, attachments } from "@rxbpf/core";
import { openSinks } from "@rxbpf/sinks";

/** How often it is looked whether streams and sinks have ended. */
const LOOK_MS = 20;
/** How long a script may still do what no stream and no sink shows: a last file to write, a timer. */
const GRACE_MS = 2_000;

/**
 * Ends a script in good order: its streams, then the sinks whose sources go on all the same, then the process. That
 * mostly ends by itself; if something else keeps it alive, after a while and with its output written.
 */
export async function endInOrder(): Promise<void> {
  // What ends may make the script start another, so all are looked for until there is none.
  const stopped = new Set<Attachment>();
  for (; attachments().length > 0; await delay(LOOK_MS)) {
    for (const stream of attachments().filter((one) => !stopped.has(one))) {
      stopped.add(stream);
      stream.stop();
    }
  }
  for (; openSinks().length > 0; await delay(LOOK_MS)) for (const sink of openSinks()) sink.end();
  setTimeout(() => process.stdout.write("", () => process.exit()), GRACE_MS).unref();
}
