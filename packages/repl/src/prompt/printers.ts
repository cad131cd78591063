import type { REPLEval, REPLServer } from "node:repl";
import type { WriteStream } from "node:tty";

import { isObservable } from "rxjs";

import { printed } from "../live/printed.js";
import { show } from "../live/show.js";
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
  let stop = (): void => {};
  const keys = new Keys(server, () => stop());
  const evaluateAndShow: REPLEval = (code, context, file, done) =>
    evaluate.call(server, code, context, file, (error, value: unknown) => {
      if (error || !isObservable(value)) return done(error, value);
      const showing = show(value, output);
      stop = () => showing.stop();
      keys.hold();
      const end = (failure: Error | null): void => {
        done(failure, undefined);
        keys.release();
      };
      showing.done.then(() => end(null), end);
    });
  const writer = (value: unknown): string => printed(value, output);
  Object.assign(server, { eval: evaluateAndShow, writer, ignoreUndefined: true });
  server.once("exit", () => void endInOrder());
  leaveOnHangUp(server);
  process.on("SIGHUP", () => server.close());
}
