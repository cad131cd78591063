import { setImmediate } from "node:timers/promises";

import { withExistingFile } from "../files/output-file.js";
import type { Progress } from "../sink.js";
import { type Head, readHead, sound } from "./recording.js";
import type { Block, Ending } from "./scan.js";

/** The result of `recover`. */
export interface Recovered {
  /** How many events the recording holds. */
  readonly rows: number;
  /** How many bytes of an incomplete batch were cut off. */
  readonly dropped: number;
  /** Whether the recording was finished already, so that there was nothing to do. */
  readonly finished: boolean;
}

/** Options of `recover`. */
export interface RecoverOptions {
  /** Told now and then how much was read. */
  readonly progress?: ((progress: Progress) => void) | undefined;
}

/** While it reads a long recording, it lets other work of this process run after so many milliseconds. */
const PAUSE_EVERY_MS = 100;

/**
 * Finishes a recording whose writer died, in place: cuts off an incomplete last batch and writes the footer that other
 * readers require.
 * @throws Error if it is no recording, is still being written, or cannot be written
 */
export async function recover(path: string, { progress }: RecoverOptions = {}): Promise<Recovered> {
  const { finishFile } = await import("./file.js");
  return withExistingFile(path, async (fd) => {
    const head = readHead(fd, path);
    const { rows, dictionaries, batches, whole, dropped, finished } = await survey(fd, head, progress);
    if (!finished) {
      finishFile(fd, path, head, { whole, dictionaries, batches });
    }
    return { rows, dropped, finished };
  });
}

interface Survey extends Ending {
  readonly rows: number;
  readonly dictionaries: readonly Block[];
  readonly batches: readonly Block[];
}

async function survey(fd: number, head: Head, progress?: (progress: Progress) => void): Promise<Survey> {
  const dictionaries: Block[] = [];
  const batches: Block[] = [];
  let rows = 0;
  let paused = performance.now();
  const messages = sound(fd, head);
  for (let found = messages.next(); ; found = messages.next()) {
    if (found.done) return { ...found.value, rows, dictionaries, batches };
    const { block, batch } = found.value;
    (batch ? batches : dictionaries).push(block);
    rows += batch?.length ?? 0;
    if (performance.now() - paused < PAUSE_EVERY_MS) continue;
    progress?.({ rows, bytes: block.offset + block.metaDataLength + block.bodyLength, lost: 0 });
    await setImmediate();
    paused = performance.now();
  }
}
