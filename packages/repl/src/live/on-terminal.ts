import type { EventStream } from "@rxbpf/core";

import { endInOrder } from "../process/ending.js";
import { jobState } from "../process/job.js";
import { loseStandardStreams } from "../process/standard.js";
import { TerminalKeys } from "./terminal-keys.js";
import { View } from "./view.js";

/**
 * Shows a command's stream on its terminal, redrawn in place, with keys if standard input is the terminal of this process.
 * Resolves when the stream has ended and its last line is written; rejects with the stream's error. In the background nothing is
 * drawn.
 * @param ending aborted when the stream is to end: the keys are no longer read then
 */
export async function showOnTerminal(stream: EventStream<unknown>, ending: AbortSignal): Promise<void> {
  const { stdin, stdout } = process;
  let keys: TerminalKeys | undefined;
  const quit = (): void => {
    keys?.close();
    void endInOrder();
  };
  const hasKeys = stdin.isTTY && jobState() !== undefined;
  const view = new View(stream, stdout, {
    quit: hasKeys ? quit : undefined,
    isVisible: () => jobState() !== "background",
  });
  if (hasKeys && !ending.aborted) {
    stdin.on("error", loseStandardStreams).on("end", loseStandardStreams);
    keys = new TerminalKeys(
      (key) => view.press(key),
      () => view.redraw(),
    );
    ending.addEventListener("abort", () => keys?.close());
  }
  try {
    await new Promise<void>((complete, error) => view.run({ complete, error }));
  } finally {
    keys?.close();
  }
}
