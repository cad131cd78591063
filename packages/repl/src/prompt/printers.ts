import type { REPLEval, REPLServer } from "node:repl";
import type { WriteStream } from "node:tty";

import { isObservable } from "rxjs";

import { printed } from "../live/printed.js";
import { show, type Showing } from "../live/show.js";
import { endInOrder } from "../process/ending.js";
import { leaveOnHangUp } from "./hang-up.js";
import { Keys } from "./keys.js";

/**
 * Makes a prompt of `node:repl` print as `rxbpf`'s does. A stream is shown until it ends or Ctrl-C ends it; what is typed
 * meanwhile waits. Other values are shown as by `printed`. When the prompt is left, or its terminal is closed, all streams end in
 * good order, and then the process.
 */
export function installPrinters(server: REPLServer): void {
  const output = server.output as WriteStream;
  const evaluate = server.eval;
  let showing: Showing | undefined;
  const keys = new Keys(
    server,
    () => showing?.stop(),
    (key) => showing?.press(key) ?? false,
  );
  const evaluateAndShow: REPLEval = (code, context, file, done) =>
    evaluate.call(server, code, context, file, (error, value: unknown) => {
      if (error || !isObservable(value)) return done(error, value);
      const shown = (showing = show(value, output, { hasKeys: true }));
      keys.hold();
      const end = (failure: Error | null): void => {
        showing = undefined;
        done(failure, undefined);
        keys.release();
      };
      shown.done.then(() => end(null), end);
    });
  const writer = (value: unknown): string => printed(value, output);
  Object.assign(server, { eval: evaluateAndShow, writer, ignoreUndefined: true });
  server.once("exit", () => void endInOrder());
  leaveOnHangUp(server);
  process.on("SIGHUP", () => server.close());
}
