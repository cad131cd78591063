import type { REPLServer } from "node:repl";

import { loseStandardStreams, lost, watchStandardStreams } from "../process/standard.js";

/** Leaves a prompt when its terminal is closed. Errors of writing are then ignored: there is nowhere left to show them. */
export function leaveOnHangUp(server: REPLServer): void {
  watchStandardStreams(() => {});
  // It reads the terminal and sets its modes.
  server.on("error", loseStandardStreams);
  lost.addEventListener("abort", () => server.close());
}
