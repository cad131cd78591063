import type { EventEmitter } from "node:events";
import { Recoverable, type REPLServer, start } from "node:repl";
import type { WriteStream } from "node:tty";

import { attachments } from "@rxbpf/core";
import { config } from "rxjs";

import { endInOrder } from "../script/ending.js";
import { faultText } from "../session/faults.js";
import type { Input } from "../session/input.js";
import { installScope } from "../session/scope.js";
import { Session } from "../session/session.js";
import { banner } from "./banner.js";
import { addCommands } from "./commands.js";
import { complete } from "./completer.js";
import { errorText } from "./error-text.js";
import { Evaluator } from "./evaluator.js";
import { historyPath } from "./history.js";
import { Keys } from "./keys.js";
import { keepPromptBelow, ownOutput } from "./output.js";

/** The terminal puts brackets around what is pasted. */
const PASTE_ON = "\x1b[?2004h";
const PASTE_OFF = "\x1b[?2004l";

/** The prompt on a terminal, until it is left: then all streams have ended and their sinks are written. */
export async function startPrompt(): Promise<void> {
  const output = ownOutput();
  const session = new Session(process.cwd());
  installScope();
  output.write(`${PASTE_ON}${banner()}\n`);
  const evaluator = new Evaluator(session, output, inLines);
  const server = startServer(session, evaluator, output);
  server.setupHistory(historyPath(), () => {});
  addCommands(server, session);
  await new Promise<void>((resolve) => server.once("exit", resolve));
  output.write(PASTE_OFF);
  await endInOrder();
  session.close();
}

type Completed = (error: Error | null, result: [words: string[], typed: string]) => void;

function startServer(session: Session, evaluator: Evaluator, output: WriteStream): REPLServer {
  /** The lines of an input that is not complete yet. */
  let unfinished = "";
  const server = start({
    prompt: "rxbpf> ",
    input: process.stdin,
    output,
    useGlobal: true,
    preview: false,
    ignoreUndefined: true,
    completer: (line: string, done: Completed) => void completed(line, done),
    eval: (code, _context, _file, done) => {
      const input = session.parse(code);
      if (input === "incomplete" || keys.pasting) {
        unfinished = code;
        done(new Recoverable(new SyntaxError("incomplete")), undefined);
        return;
      }
      unfinished = "";
      if ("faults" in input) {
        output.write(`${input.faults.map((fault) => faultText(fault, code)).join("\n")}\n`);
        done(null, undefined);
        return;
      }
      void run(input, () => done(null, undefined));
    },
  });
  const completed = async (line: string, done: Completed): Promise<void> => {
    // Without types, as while the language server cannot be run, there is nothing to choose from.
    const result = await complete(session, unfinished + line).catch(() => undefined);
    done(null, result ?? [[], line]);
  };
  const run = async (input: Input, done: () => void): Promise<void> => {
    keys.hold();
    await evaluator.run(input);
    done();
    keys.release();
  };
  const keys = new Keys(server, () => evaluator.interrupt());
  const restore = keepPromptBelow(server, output, () => !keys.held);
  server.once("exit", restore);
  onInterrupt(server, output, () => {
    const wasUnfinished = unfinished !== "";
    unfinished = "";
    return wasUnfinished;
  });
  process.on("SIGINT", () => (keys.held ? evaluator.interrupt() : server.emit("SIGINT")));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.once(signal, () => server.close());
  onError(server, (error) => console.error(errorText(error)));
  return server;
}

/**
 * Runs code that does not pause with the terminal in its usual mode, where Ctrl-C is a signal, which can end even a loop;
 * otherwise it is a key like others, which somebody must read.
 */
function inLines<T>(run: () => T): T {
  process.stdin.setRawMode(false);
  try {
    return run();
  } finally {
    process.stdin.setRawMode(true);
  }
}

/** Ctrl-C at a prompt where nothing has been typed ends what is attached. Else it does what it does at Node's prompt. */
function onInterrupt(server: REPLServer, output: WriteStream, forget: () => boolean): void {
  const listeners = server.listeners("SIGINT") as ((...args: unknown[]) => void)[];
  server.removeAllListeners("SIGINT");
  server.on("SIGINT", () => {
    const running = attachments();
    if (!forget() && server.line === "" && running.length > 0) {
      for (const one of running) one.stop();
      output.write(`\nStopped ${running.map(({ id }) => id).join(", ")}\n`);
      server.displayPrompt();
    } else for (const listener of listeners) listener.call(server);
  });
}

/** What nobody catches is said, and the prompt goes on. */
function onError(server: REPLServer, say: (error: unknown) => void): void {
  config.onUnhandledError = say;
  process.on("uncaughtException", say);
  process.on("unhandledRejection", say);
  // Node's prompt evaluates in a domain, which would print what processes wrote into a message as it is.
  const { _domain: domain } = server as unknown as { _domain?: EventEmitter };
  domain?.removeAllListeners("error").on("error", say);
}
