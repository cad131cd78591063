import { randomUUID } from "node:crypto";

import { JSON_LIMITS } from "./limits.js";

/** Marks the digits of an integer that no number can hold. Random, so no text from elsewhere can contain it. */
const MARK = `bigint ${randomUUID()} `;
const [QUOTE, MINUS, ZERO, NINE, OPEN, CLOSE, BACKSLASH] = [0x22, 0x2d, 0x30, 0x39, 0x5b, 0x5d, 0x5c];
/** The bit that is set in a brace and not in a bracket. */
const CURLY = 0x20;

/** Parses untrusted JSON. Integers that a number cannot hold become bigints. @throws RangeError */
export function parseJson(text: string): unknown {
  const excess = excessOf(text);
  if (excess) throw new RangeError(`Cannot read a value: ${excess}`);
  try {
    const value: unknown = JSON.parse(text);
    return /\d{16}/.test(text) ? JSON.parse(marked(text), unmarked) : value;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new RangeError("Cannot read a value: it is not JSON");
  }
}

/** Says which limit of readers a text in JSON exceeds; undefined if none. */
export function excessOf(text: string): string | undefined {
  const { length, containers, depth } = JSON_LIMITS;
  if (text.length > length) return `its JSON has ${text.length} characters, more than ${length}`;
  // A shorter text cannot be nested too deep.
  if (text.length <= depth) return undefined;
  const found = structureOf(text);
  if (found.depth > depth) return `its objects and lists are nested more than ${depth} deep`;
  if (found.containers > containers) return `it has more than ${containers} objects and lists`;
  return undefined;
}

/** How many objects and lists a text in JSON has, and how deeply they are nested. */
export function structureOf(text: string): { readonly containers: number; readonly depth: number } {
  let containers = 0;
  let open = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if ((code & ~CURLY) === OPEN) {
      containers++;
      depth = Math.max(depth, ++open);
    } else if ((code & ~CURLY) === CLOSE) open--;
  }
  return { containers, depth };
}

/** Where a string ends that begins at a place; the end of the text if it is not closed. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let before = at;
    while (text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((at - before) % 2 === 0) return at;
  }
}

/** Turns each integer in a JSON text that no number can hold into a string with the mark. */
function marked(text: string): string {
  let result = "";
  let done = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (isDigit(code) || code === MINUS) {
      let end = i + 1;
      while (isDigit(text.charCodeAt(end))) end++;
      const next = text[end];
      if (next === "." || next === "e" || next === "E") end = endOfNumber(text, end);
      else if (!Number.isSafeInteger(Number(text.slice(i, end)))) {
        result += `${text.slice(done, i)}"${MARK}${text.slice(i, end)}"`;
        done = end;
      }
      i = end - 1;
    }
  }
  return result + text.slice(done);
}

function endOfNumber(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end)) || /[-+.eE]/.test(text[end] ?? "")) end++;
  return end;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function unmarked(_key: string, value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith(MARK)) return value;
  const digits = value.slice(MARK.length);
  if (digits.length > JSON_LIMITS.digits)
    throw new RangeError(`Cannot read a value: an integer in it has ${digits.length} digits`);
  return BigInt(digits);
}
