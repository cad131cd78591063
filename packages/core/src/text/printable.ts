// C0, DEL, C1, and the characters that reorder or break lines: what can forge or hide output.
// oxlint-disable-next-line no-control-regex
const HOSTILE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const ALL_HOSTILE = new RegExp(HOSTILE, "g");
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Makes a string from an untrusted process safe to print: control and bidi characters become escapes. */
export function printable(text: string): string {
  return HOSTILE.test(text) ? text.replace(ALL_HOSTILE, escape) : text;
}

/** As `printable`, for text that is JSON already: its escapes are JSON's, so it stays the same document. */
export function printableJson(json: string): string {
  return HOSTILE.test(json) ? json.replace(ALL_HOSTILE, (char) => `\\u${hex(char, 4)}`) : json;
}

function escape(char: string): string {
  return SHORT[char] ?? (char < "\u0100" ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`);
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, "0");
}
