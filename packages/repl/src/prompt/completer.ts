import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";

import { harmless } from "@rxbpf/core";
import { runs } from "@rxbpf/core/events";
import { namesNow, type SelectorKind } from "@rxbpf/filters";

import { cutLine } from "../live/fit.js";
import { openedIn } from "../session/open.js";
import type { Session, Word } from "../session/session.js";

/** With more words than this, none is shown. */
const MANY = 300;
/** Up to this many words, each is explained in a line. */
const MANY_EXPLAINED = 40;

/** What to complete besides TypeScript. */
export interface Known {
  /** The commands of the prompt, without their dots. */
  readonly commands: readonly string[];
  /** The words to begin with, for an empty input. */
  readonly first: readonly string[];
}

/** Completions, and the part that has been typed. */
export interface Completion {
  readonly words: readonly Word[];
  readonly typed: string;
}

/** The completions of an unfinished input. */
export async function complete(session: Session, code: string, { commands, first }: Known): Promise<Completion> {
  const [, command, space, argument = ""] = /^\s*\.([\w]*)(\s+)?([^]*)$/.exec(code) ?? [];
  if (command === undefined) return completeCode(session, code, first);
  if (space === undefined) return fitting(commands.map(plain), command);
  if (command === "doc" || command === "type") return completeCode(session, argument, first);
  if (command === "load" || command === "save") return { words: paths(argument).map(plain), typed: argument };
  if (command === "stop")
    return fitting(
      runs().map(({ id }) => plain(String(id))),
      argument,
    );
  return { words: [], typed: argument };
}

async function completeCode(session: Session, code: string, first: readonly string[]): Promise<Completion> {
  if (code.trim() === "") return { words: [...session.names, ...first].sort().map(plain), typed: "" };
  const words = await session.completions(code);
  const text = openString(code);
  if (text !== undefined) {
    const completion = fitting([...words, ...namesIn(code.slice(0, -text.length - 1)).map(plain)], text);
    return completion.words.length > 0 ? completion : { words: paths(text).map(plain), typed: text };
  }
  const typed = /[\p{ID_Continue}$]*$/u.exec(code)![0];
  const completion = fitting(
    words.filter(({ text }) => IDENTIFIER.test(text)),
    typed,
  );
  return typed === "" && completion.words.length > MANY ? { words: [], typed } : completion;
}

function fitting(words: readonly Word[], typed: string): Completion {
  return { words: words.filter(({ text }) => text.startsWith(typed)), typed };
}

/** A word without documentation. */
function plain(text: string): Word {
  return { text, doc: async () => "" };
}

/** A list of words with their meaning; undefined if none has documentation. */
export async function explained(words: readonly Word[], columns: number): Promise<string | undefined> {
  if (words.length > MANY_EXPLAINED) return undefined;
  const docs = await Promise.all(words.map((word) => word.doc()));
  if (docs.every((doc) => doc === "")) return undefined;
  const width = Math.max(...words.map(({ text }) => text.length));
  return words
    .map(({ text }, i) =>
      cutLine(harmless(`${text.padEnd(width)}  ${docs[i]!.replaceAll(/\s+/g, " ")}`.trimEnd()), columns),
    )
    .join("\n");
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** The text of a string that has not been closed yet; undefined outside a string. */
function openString(code: string): string | undefined {
  const within = openedIn(code)?.at(-1);
  return within && `"'\``.includes(within.kind) ? code.slice(within.from) : undefined;
}

/** Before a string that names what a trace is narrowed to: `unit("`, `{ unit: "`, `{ unit: ["a", "`. */
const BEFORE_NAME = /\b(unit|container|pod|netns)(?:\(|: *(?:\[[^\]]*)?)\s*$/;

/** The names that there are now of what a string is to name, by the code before it. */
function namesIn(before: string): readonly string[] {
  const [, kind] = BEFORE_NAME.exec(before) ?? [];
  return (kind !== undefined && namesNow(kind as SelectorKind)) || [];
}

/** The files whose paths begin with a text; folders end in a slash. */
function paths(typed: string): string[] {
  const folder = typed.endsWith("/") ? typed : `${dirname(typed)}/`;
  const shown = typed.includes("/") ? typed.slice(0, typed.lastIndexOf("/") + 1) : "";
  try {
    return readdirSync(folder.replace(/^~\//, `${homedir()}/`), { withFileTypes: true })
      .map((entry) => `${shown}${entry.name}${entry.isDirectory() ? "/" : ""}`)
      .filter((path) => path.startsWith(typed) && (!/\/\.[^/]*$/.test(path) || /(^|\/)\.[^/]*$/.test(typed)))
      .sort();
  } catch {
    return []; // there is no such folder
  }
}
