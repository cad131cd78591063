// C0, DEL, C1, and the characters that reorder or break lines: what can forge or hide output. And what stands for a byte.
const HOSTILE =
  "\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\uef80-\\uefff";
const ANY_HOSTILE = new RegExp(`[${HOSTILE}]`);
const ALL_HOSTILE = new RegExp(`[${HOSTILE}]+`, "g");
const ANY_ESCAPED = new RegExp(`[\\\\${HOSTILE}]`);
const ALL_ESCAPED = new RegExp(`[\\\\${HOSTILE}]+`, "g");

/**
 * Makes a string from an untrusted process safe to print, so that it can be told what it was: `\\` is a backslash, `\n`,
 * `\r` and `\t` are as in C, `\xff` is a byte (of an event's string, see `bytesOf`), `\u202e` a character.
 */
export function printable(text: string): string {
  return ANY_ESCAPED.test(text) ? text.replace(ALL_ESCAPED, inText) : text;
}

/**
 * The same for text of which strings from elsewhere are only a part, such as a message, a line of source, or what `inspect`
 * made: it leaves backslashes, and so what `printable` has made already.
 */
export function harmless(text: string): string {
  return ANY_HOSTILE.test(text) ? text.replace(ALL_HOSTILE, inText) : text;
}

/**
 * The same for one line of JSON: the escapes are JSON's, so it stays the same document.
 * JSON itself has no raw C0; of ASCII only DEL is left, and to find that a line is ASCII takes
 * less than half the time that the expression takes.
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

/** What escapes each character of a run. Remembers how: a name may have thousands. */
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
