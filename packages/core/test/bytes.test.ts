import { isUtf8 } from "node:buffer";

import { bytesOf, textOf } from "@rxbpf/core";
import { expect, test } from "vitest";

import { numbers } from "../../../testing/programs.js";

const next = numbers(5);

/** Bytes, many of them at the limits of what UTF-8 allows. */
const EDGES = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbd, 0xbe, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec];
EDGES.push(0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);

const some = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => (next(2) ? EDGES[next(EDGES.length)]! : next(256))));

test("a string stands for its bytes, whatever they are", () => {
  for (let round = 0; round < 20_000; round++) {
    const bytes = some(next(12));
    expect(bytesOf(textOf(bytes))).toEqual(bytes);
  }
});

test("all strings of one or two bytes, and of three that begin like a character, differ from each other", () => {
  const seen = new Set<string>();
  let count = 0;
  const add = (...bytes: number[]): void => {
    count++;
    seen.add(textOf(Buffer.from(bytes)));
  };
  for (let a = 0; a < 256; a++) {
    add(a);
    for (let b = 0; b < 256; b++) add(a, b);
  }
  for (const a of [0xe0, 0xed, 0xee, 0xef]) for (let b = 0; b < 256; b++) for (const c of EDGES) add(a, b, c);
  expect(seen.size).toBe(count);
});

test("it is text to every reader: without lone surrogates, and UTF-8 stays as it is", () => {
  for (let round = 0; round < 20_000; round++) {
    const bytes = some(1 + next(8));
    const text = textOf(bytes);
    expect(text).toBe(Buffer.from(text).toString());
    if (isUtf8(bytes) && !/[\uef80-\uefff]/.test(bytes.toString())) expect(text).toBe(bytes.toString());
  }
  const every = Array.from({ length: 0x110000 }, (_, code) => code).filter(
    (code) => (code < 0xd800 || code > 0xdfff) && (code < 0xef80 || code > 0xefff),
  );
  for (let i = 0; i < every.length; i += 1000) {
    const text = String.fromCodePoint(...every.slice(i, i + 1000));
    expect(textOf(Buffer.from(text))).toBe(text);
    // The same on the slow path.
    expect(textOf(Buffer.concat([Buffer.from(text), Buffer.of(0xff)]))).toBe(`${text}\uefff`);
  }
});

test("the characters that stand for bytes are themselves kept as bytes", () => {
  expect(textOf(Buffer.from("\uef80"))).toBe("\uefee\uefbe\uef80");
  expect(textOf(Buffer.from("\uef7f\uf000\ufffd"))).toBe("\uef7f\uf000\ufffd");
});

test("a part of the bytes can be read, and a character that it cuts becomes bytes", () => {
  const bytes = Buffer.from("aä€b");
  expect(textOf(bytes, 1, 3)).toBe("ä");
  expect(textOf(bytes, 2, 5)).toBe("\uefa4\uefe2\uef82");
});
