import type { REPLServer } from "node:repl";

import { harmless, printable } from "@rxbpf/core";
import { runs } from "@rxbpf/core/events";

import { catalogue } from "../catalogue.js";
import type { Session } from "../session/session.js";
import { docText } from "./doc-text.js";
import { errorText } from "./error-text.js";
import { StreamTable } from "./streams.js";
import { OPERATORS, SETS, SINKS } from "./words.js";

/** A command of the prompt: its line of help, and its answer. */
interface Command {
  readonly help: string;
  readonly run: (argument: string) => string | Promise<string>;
}

function commands(session: Session): Readonly<Record<string, Command>> {
  const table = new StreamTable();
  const all: Record<string, Command> = {
    streams: {
      help: "list the streams that run, with their rates and losses",
      run: () => table.text(),
    },
    stop: {
      help: "end stream N: .stop N; end all streams: .stop",
      run: stop,
    },
    type: {
      help: "show the type of an expression: .type opensnoop()",
      run: async (code) => (await session.type(code)) ?? `${harmless(code)} has no type`,
    },
    doc: {
      help: "show what a word means: .doc toArrow",
      run: async (name) => docText(name.trim(), await session.doc(name)),
    },
    help: {
      help: "show this help",
      run: () => helpText(all),
    },
  };
  return all;
}

/** Gives a server these commands. */
export function addCommands(server: REPLServer, session: Session): void {
  for (const [name, { help, run }] of Object.entries(commands(session))) {
    const answer = async (argument: string): Promise<void> => {
      const text = await Promise.resolve(argument).then(run).catch(errorText);
      server.output.write(`${text}\n`);
      server.displayPrompt();
    };
    server.defineCommand(name, { help, action: (argument) => void answer(argument) });
  }
}

function stop(argument: string): string {
  const running = runs();
  const wanted = argument.trim();
  const chosen = wanted === "" ? running : running.filter(({ id }) => String(id) === wanted);
  for (const one of chosen) one.stop();
  if (chosen.length > 0) return `Stopped ${chosen.map(({ id }) => id).join(", ")}`;
  return wanted === ""
    ? "Nothing is attached"
    : `There is no stream ${printable(wanted)}; .streams lists those that run`;
}

function helpText(all: Readonly<Record<string, Command>>): string {
  const probes = [...catalogue].map(([name, { definition }]) => [name, definition.summary] as const);
  const own = Object.entries(all).map(([name, { help }]) => [`.${name}`, help] as const);
  const width = Math.max(...[...probes, ...own].map(([name]) => name.length));
  const lines = (rows: readonly (readonly [string, string])[]): string[] =>
    rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  return [
    "A probe gives a stream of events. The prompt shows a stream until Ctrl-C:",
    '  opensnoop({ failed: true }).pipe(filter((e) => e.comm === "bash"))',
    ...lines(probes),
    `In .pipe(...): RxJS's operators, such as filter map take; ${OPERATORS.join(" ")};`,
    `and the sinks ${SINKS.join(" ")}. replay(path) reads what toArrow wrote, as a stream.`,
    'Narrowed to a part of the machine: opensnoop({ within: [container("web"), tree(pid)] }); ' +
      "also unit, pod, cgroup, cgroupTree, mntns, netns;",
    `${SETS.slice(0, -1).join(", ")} and ${SETS.at(-1)} make the sets that cgroupmap and mntnsmap take.`,
    "_ is the last value. import and require work as in a file of this folder.",
    "Commands:",
    ...lines(own),
    "  .editor, .load FILE, .save FILE, .exit as in Node's prompt",
  ].join("\n");
}
