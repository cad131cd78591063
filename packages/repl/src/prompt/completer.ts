import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";

import { openedIn } from "../session/open.js";
import type { Session } from "../session/session.js";

/** More words than this say nothing. */
const MANY = 300;

/** What can follow an unfinished input, and what has been typed of it. */
export async function complete(session: Session, code: string): Promise<[words: string[], typed: string]> {
  const text = openString(code);
  if (text !== undefined) {
    const typed = text;
    const words = await session.completions(code);
    const fitting = words.filter((word) => word.startsWith(typed));
    return fitting.length > 0 ? [fitting, typed] : [paths(typed), typed];
  }
  const typed = /[\p{ID_Continue}$]*$/u.exec(code)![0];
  const words = (await session.completions(code)).filter((word) => word.startsWith(typed) && IDENTIFIER.test(word));
  return [typed === "" && words.length > MANY ? [] : words, typed];
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** What stands in a string that has not been closed yet; undefined outside of one. */
function openString(code: string): string | undefined {
  const within = openedIn(code)?.at(-1);
  return within && `"'\``.includes(within.kind) ? code.slice(within.from) : undefined;
}

/** The files whose paths begin so, folders with a slash at their end. */
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
