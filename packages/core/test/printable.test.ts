import { printable, printableJson } from "@rxbpf/core";
import { describe, expect, test } from "vitest";

/** What may not reach a terminal, by its ranges, written down independently of the code. */
const RANGES = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
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
    ["a C1 control sequence", "\x9b2J", "\\x9b2J"],
    ["a bidi override", "gpj.\u202eexe", "gpj.\\u202eexe"],
    ["a bidi isolate", "\u2066x\u2069", "\\u2066x\\u2069"],
    ["a line separator", "a\u2028b\u2029", "a\\u2028b\\u2029"],
  ])("escapes %s", (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test("leaves every other character alone", () => {
    expect(printable(others.join(""))).toBe(others.join(""));
    expect(printable("/home/zoë/日本語/😀")).toBe("/home/zoë/日本語/😀");
  });

  test("leaves nothing hostile of any character", () => {
    expect(hasHostile(all.map(printable).join(""))).toBe(false);
    expect(hasHostile(printable(all.join("")))).toBe(false);
  });
});

describe("printableJson", () => {
  test("leaves the document what it was, for every character in a key and in a value", () => {
    for (const char of all) {
      const json = JSON.stringify({ [`key${char}`]: char, list: [`${char}${char}`] });
      const text = printableJson(json);
      if (JSON.stringify(JSON.parse(text)) !== json || hasHostile(text))
        expect.fail(`U+${char.charCodeAt(0).toString(16)} makes ${JSON.stringify(text)}`);
    }
  });

  test("finds DEL in a line that is ASCII otherwise, and C1 in one that is Latin-1", () => {
    expect(printableJson('"a\x7f"')).toBe('"a\\u007f"');
    expect(printableJson('"é\x9b"')).toBe('"é\\u009b"');
  });

  test("returns harmless text unchanged", () => {
    const text = JSON.stringify({ path: "/home/zoë/日本語/😀", n: 1.5, list: [] });
    expect(printableJson(text)).toBe(text);
  });
});
