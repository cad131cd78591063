// C0, DEL, C1, and the characters that reorder or break lines: what can forge or hide output.
// oxlint-disable-next-line no-control-regex
const HOSTILE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const ALL_HOSTILE = new RegExp(HOSTILE, "g");
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Makes a string from an untrusted process safe to print: control and bidi characters become escapes. */
export function printable(text: string): string {
  return HOSTILE.test(text) ? text.replace(ALL_HOSTILE, escape) : text;
}

/**
 * As `printable`, for one line of JSON: its escapes are JSON's, so it stays the same document.
 * JSON itself has no raw C0; of ASCII only DEL is left, and to find that a line is ASCII takes
 * less than half the time that the expression takes.
 */
export function printableJson(json: string): string {
  if (Buffer.byteLength(json) === json.length && !json.includes("\x7f")) return json;
  return json.replace(ALL_HOSTILE, (char) => `\\u${hex(char, 4)}`);
}

function escape(char: string): string {
  return SHORT[char] ?? (char < "\u0100" ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`);
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, "0");
}
