import { start } from "node:repl";

import { version } from "../version.js";
import { leaveOnHangUp } from "./hang-up.js";
import { historyPath } from "./history.js";
import type { Completed, Inputs } from "./inputs.js";
import { Keys } from "./keys.js";
import { ownOutput } from "./output.js";

/** The terminal puts brackets around what is pasted. */
const PASTE_ON = "\x1b[?2004h";
const PASTE_OFF = "\x1b[?2004l";

/**
 * Runs the prompt on a terminal until it is left; then all streams have ended and their sinks are written. The prompt appears
 * before the packages are loaded; what is typed meanwhile waits.
 */
export async function startPrompt(): Promise<void> {
  const output = ownOutput();
  output.write(`${PASTE_ON}rxbpf ${version()}. Tab completes, .help lists the words, Ctrl-D leaves\n`);
  let inputs: Inputs | undefined;
  const server = start({
    prompt: "rxbpf> ",
    input: process.stdin,
    output,
    useGlobal: true,
    preview: false,
    ignoreUndefined: true,
    completer: (line: string, done: Completed) => void inputs!.complete(line, done),
    eval: (code, _context, _file, done) => inputs!.evaluate(code, (error) => done(error, undefined)),
  });
  process.once("exit", () => output.write(PASTE_OFF));
  const left = new Promise<void>((resolve) => server.once("exit", resolve));
  leaveOnHangUp(server);
  const keys = new Keys(
    server,
    () => inputs?.interrupt(),
    (key) => inputs?.press(key) ?? false,
  );
  keys.hold();
  server.setupHistory(historyPath(), () => {});
  const module = await import("./inputs.js");
  inputs = new module.Inputs(server, keys, output);
  keys.release();
  const missing = module.privilegeText();
  if (missing !== undefined) console.log(missing);
  await left;
  await inputs.end();
}
