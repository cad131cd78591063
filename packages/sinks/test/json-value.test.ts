import { expect, test } from "vitest";

import { parseJson, structureOf } from "../src/arrow/json-value.js";

test.each([
  ["1", 1],
  ["-9007199254740991", -9007199254740991],
  ["9007199254740992", 9007199254740992n],
  ["-12345678901234567890", -12345678901234567890n],
  ["12345678901234567890.5", Number("12345678901234567890.5")],
  ["12345678901234567890e1", Number("12345678901234567890e1")],
  ["1e-5", 1e-5],
  ['"12345678901234567890"', "12345678901234567890"],
  ['{"a":12345678901234567890,"b":[1,-18446744073709551615]}', { a: 12345678901234567890n, b: [1, -(2n ** 64n - 1n)] }],
  ['{"12345678901234567890":"a\\"12345678901234567890\\\\","c":1234567890123456}', null],
  ['"\\\\\\"\\\\" ', '\\"\\'],
])("a value with integers of any length is read exactly: %s", (text, expected) => {
  expect(parseJson(text)).toEqual(expected ?? JSON.parse(text));
});

test("a long text beside a long integer is read", () => {
  const text = `12345678901234567890 "${"x".repeat(12 << 20)}`;
  expect(parseJson(`{"text":${JSON.stringify(text)},"n":12345678901234567890}`)).toEqual({
    text,
    n: 12345678901234567890n,
  });
});

test("a key called __proto__ is a key", () => {
  const value = parseJson('{"__proto__":12345678901234567890}') as object;
  expect(Object.keys(value)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test.each([
  ["text that is not JSON", "{", "it is not JSON"],
  ["quotes that end no string", `"${'\\"'.repeat(300_000)}1234567890123456`, "it is not JSON"],
  ["an integer without end", `[${"7".repeat(20_000)}]`, "an integer in it has 20000 digits"],
  ["lists in lists", "[".repeat(1001) + "]".repeat(1001), "its objects and lists are nested more than 1000 deep"],
  ["lists that begin and do not end", "[".repeat(5_000_000), "nested more than 1000 deep"],
  ["many objects", `[${"{},".repeat(1_100_000)}1]`, "it has more than 1048576 objects and lists"],
  ["a text longer than any", `"${"x".repeat(16 << 20)}"`, "its JSON has 16777218 characters, more than 16777216"],
])("%s: refused, in a line", (_what, text, message) => {
  expect(() => parseJson(text)).toThrow(RangeError);
  expect(() => parseJson(text)).toThrow(/^Cannot read a value: [^\n]*$/);
  expect(() => parseJson(text)).toThrow(message);
});

test("brackets in a string do not count as structure", () => {
  expect(structureOf('{"a[[[":"]]{{\\"[","b":[[]]}')).toEqual({ containers: 3, depth: 3 });
  expect(structureOf('"[[[')).toEqual({ containers: 0, depth: 0 });
});
