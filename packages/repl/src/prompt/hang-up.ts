import type { REPLServer } from "node:repl";

import { loseStandardStreams, lost, watchStandardStreams } from "../process/standard.js";

/** Leaves a prompt when its terminal is closed. What cannot be written then is not told: there is nowhere left to tell it. */
export function leaveOnHangUp(server: REPLServer): void {
  watchStandardStreams(() => {});
  // It reads and sets the terminal.
  server.on("error", loseStandardStreams);
  lost.addEventListener("abort", () => server.close());
}
