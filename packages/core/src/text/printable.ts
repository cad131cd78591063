// Characters that can forge or hide output: C0, DEL, C1, and those that reorder or break lines. And those that stand
// for a byte.
const HOSTILE =
  "\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\uef80-\\uefff";
const ANY_HOSTILE = new RegExp(`[${HOSTILE}]`);
const ALL_HOSTILE = new RegExp(`[${HOSTILE}]+`, "g");
const ANY_ESCAPED = new RegExp(`[\\\\${HOSTILE}]`);
const ALL_ESCAPED = new RegExp(`[\\\\${HOSTILE}]+`, "g");

/**
 * Makes a string from an untrusted process safe to print, and keeps what it was readable: `\\` is a backslash, `\n`,
 * `\r` and `\t` are as in C, `\xff` is a byte (of an event's string, see `bytesOf`), `\u202e` a character.
 */
export function printable(text: string): string {
  return ANY_ESCAPED.test(text) ? text.replace(ALL_ESCAPED, inText) : text;
}

/**
 * The same for text that only contains untrusted strings, such as a message, a line of source, or the output of
 * `inspect`. It leaves backslashes alone, and so the escapes that `printable` has made already.
 */
export function harmless(text: string): string {
  return ANY_HOSTILE.test(text) ? text.replace(ALL_HOSTILE, inText) : text;
}

/**
 * The same for one line of JSON. The escapes are JSON's, so it stays the same document. JSON itself has no raw C0, so
 * of ASCII only DEL is left; checking that a line is ASCII takes less than half the time of the regular expression.
 */
export function printableJson(json: string): string {
  if (Buffer.byteLength(json) === json.length && !json.includes("\x7f")) return json;
  return json.replace(ALL_HOSTILE, inJson);
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };
const inText = escaping((char, code) => {
  if (code >= 0xef80 && code <= 0xefff) return `\\x${hex(code & 0xff, 2)}`;
  return SHORT[char] ?? (code < 0x80 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
});
const inJson = escaping((_, code) => `\\u${hex(code, 4)}`);

/** Makes a function that escapes each character of a run. It caches the escapes, as a name may have thousands. */
function escaping(escape: (char: string, code: number) => string): (run: string) => string {
  const known = new Map<number, string>();
  return (run) => {
    let escaped = "";
    for (let i = 0; i < run.length; i++) {
      const code = run.charCodeAt(i);
      let one = known.get(code);
      if (one === undefined) known.set(code, (one = escape(run[i]!, code)));
      escaped += one;
    }
    return escaped;
  };
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
