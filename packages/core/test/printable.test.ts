import { bytesOf, harmless, printable, printableJson, textOf } from "@rxbpf/core";
import { describe, expect, test } from "vitest";

import { numbers } from "../../../testing/programs.js";

/** The ranges that must not reach a terminal, written independently of the code. */
const RANGES = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
  [0xef80, 0xefff],
] as const;
const hostile = RANGES.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
const others = all.filter((char) => !hostile.includes(char.charCodeAt(0)));
const hasHostile = (text: string): boolean => [...text].some((char) => hostile.includes(char.codePointAt(0)!));

describe("printable", () => {
  test.each([
    ["a terminal's escape sequence", "/etc\x1b[1A/bashrc", "/etc\\x1b[1A/bashrc"],
    ["a carriage return", "real\rfake", "real\\rfake"],
    ["a newline", "one\n1234 root forged", "one\\n1234 root forged"],
    ["a tab", "a\tb", "a\\tb"],
    ["a NUL", "a\0b", "a\\x00b"],
    ["DEL", "a\x7f", "a\\x7f"],
    ["a C1 control sequence", "\x9b2J", "\\u009b2J"],
    ["a byte that is no text", textOf(Buffer.from([0x61, 0xff, 0x9b])), "a\\xff\\x9b"],
    ["a backslash", "a\\nb\\", "a\\\\nb\\\\"],
    ["a bidi override", "gpj.\u202eexe", "gpj.\\u202eexe"],
    ["a bidi isolate", "\u2066x\u2069", "\\u2066x\\u2069"],
    ["a line separator", "a\u2028b\u2029", "a\\u2028b\\u2029"],
  ])("escapes %s", (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test("leaves every other character alone", () => {
    const plain = others.filter((char) => char !== "\\").join("");
    expect(printable(plain)).toBe(plain);
    expect(printable("/home/zoë/日本語/😀")).toBe("/home/zoë/日本語/😀");
  });

  test("leaves nothing hostile of any character", () => {
    expect(hasHostile(all.map(printable).join(""))).toBe(false);
    expect(hasHostile(printable(all.join("")))).toBe(false);
  });
});

test("the bytes can be recovered from what is printed, whatever they are", () => {
  const next = numbers(3);
  const some = [..."\\\\nrtxu09afABCD", "ä", "€", "😀", "\n", "\x1b", "\u0085", "\u202e", "\ufffd", "\uef80", "\uefff"];
  for (let round = 0; round < 5000; round++) {
    const parts = Array.from({ length: 1 + next(12) }, () =>
      next(3) === 0 ? Buffer.of(128 + next(128)) : Buffer.from(some[next(some.length)]!),
    );
    const bytes = Buffer.concat(parts);
    const text = textOf(bytes);
    expect(bytesOf(text)).toEqual(bytes);
    expect(unprinted(printable(text))).toEqual(bytes);
  }
});

/** Undoes `printable`, by its documentation. */
function unprinted(printed: string): Buffer {
  const parts = printed.match(/\\x..|\\u....|\\.|[^\\]+/gs) ?? [];
  const short: Record<string, string> = { "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\" };
  return Buffer.concat(
    parts.map((part) => {
      if (part.startsWith("\\x")) return Buffer.from(part.slice(2), "hex");
      return Buffer.from(part.startsWith("\\u") ? JSON.parse(`"${part}"`) : (short[part] ?? part));
    }),
  );
}

describe("harmless", () => {
  test("escapes like `printable`, but leaves backslashes, and so the escapes of that", () => {
    expect(harmless("a\nb\\c\x1b")).toBe("a\\nb\\c\\x1b");
    const printed = printable(all.join(""));
    expect(harmless(printed)).toBe(printed);
    expect(hasHostile(harmless(all.join("")))).toBe(false);
  });
});

describe("printableJson", () => {
  test("keeps the document the same, for every character in a key and in a value", () => {
    for (const char of all) {
      const json = JSON.stringify({ [`key${char}`]: char, list: [`${char}${char}`] });
      const text = printableJson(json);
      if (JSON.stringify(JSON.parse(text)) !== json || hasHostile(text))
        expect.fail(`U+${char.charCodeAt(0).toString(16)} makes ${JSON.stringify(text)}`);
    }
  });

  test("finds DEL in a line of ASCII, and C1 in a line of Latin-1", () => {
    expect(printableJson('"a\x7f"')).toBe('"a\\u007f"');
    expect(printableJson('"é\x9b"')).toBe('"é\\u009b"');
  });

  test("returns harmless text unchanged", () => {
    const text = JSON.stringify({ path: "/home/zoë/日本語/😀", n: 1.5, list: [] });
    expect(printableJson(text)).toBe(text);
  });
});
