import { expect, test } from "vitest";

import { printableJson, textOf } from "@rxbpf/core";

import { jsonEncoder } from "../src/schema/json.js";
import type { Layout, Place } from "../src/schema/record.js";
import { memory } from "../src/schema/record.js";
import { rowDecoder } from "../src/schema/rows.js";
import type { Kind } from "../src/schema/field.js";

const UNIX_OFFSET = 1_700_000_000_123_456_789n;
const RECORD = 1024;
const TAIL = 256;

/** Numbers that are the same at every run. */
function random(): (below: number) => number {
  let state = 11;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
const next = random();
const oneOf = <T>(...values: readonly T[]): T => values[next(values.length)]!;

const HOSTILE = [
  "plain /usr/lib/x.so",
  "",
  "\0\u0001\b\t\n\f\r\u001b[2J\u007f\u0080\u009f",
  'quote " back \\ slash /',
  "\u061c\u200e\u2028\u2029\u202e\u2066\u2069",
  "ä€😀\ufeff",
  "null\0inside",
].map((text) => Buffer.from(text));
const NOT_UTF8 = [
  Buffer.from([0xff, 0xfe, 0xc3, 0x28]),
  Buffer.from([0x61, 0xe2, 0x82]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from("\uef80\uefff\ufffd"),
];

function someBytes(most: number): Buffer {
  if (next(4) === 0) return Buffer.from(Array.from({ length: next(most) }, () => next(256)));
  const parts = Array.from({ length: 1 + next(3) }, () => oneOf(...HOSTILE, ...NOT_UTF8));
  return Buffer.concat(parts).subarray(0, most);
}

const NUMBERS = [0n, 1n, 9n, 10n, 99n, 100n, 65_535n, 999_999_999n, 1_000_000_000n, 2n ** 31n, 2n ** 32n - 1n];
const WIDE = [...NUMBERS, 2n ** 32n, 10n ** 15n, 2n ** 53n - 1n];

type Fill = (record: Buffer, offset: number) => void;
/** By kind: the size of its place, and a function that puts a value there. */
const FILL: Record<
  Exclude<Kind, "text" | "texts" | "bytes" | "histogram" | "stack" | "f64" | "json">,
  readonly [number, Fill]
> = {
  time: [8, (r, at) => r.writeBigUInt64LE(BigInt(next(2 ** 30)) * BigInt(next(2 ** 30)) + oneOf(0n, 2n ** 59n), at)],
  u64: [8, (r, at) => r.writeBigUInt64LE(oneOf(...WIDE), at)],
  name: [8, (r, at) => r.writeBigUInt64LE(BigInt(next(6)), at)],
  i64: [8, (r, at) => r.writeBigInt64LE(oneOf(...WIDE) * oneOf(1n, -1n), at)],
  address: [16, (r, at) => Buffer.from(Array.from({ length: 16 }, () => oneOf(0, 255, next(256)))).copy(r, at)],
  chars: [16, (r, at) => void someBytes(16).copy(r, at)],
  u32: [4, (r, at) => r.writeUInt32LE(Number(oneOf(...NUMBERS)), at)],
  i32: [4, (r, at) => r.writeInt32LE(Number(BigInt.asIntN(32, oneOf(...NUMBERS, -1n, -10n, -(2n ** 31n)))), at)],
  u16: [2, (r, at) => r.writeUInt16LE(next(2 ** 16), at)],
  u8: [1, (r, at) => r.writeUInt8(next(256), at)],
  bool: [1, (r, at) => r.writeUInt8(next(3), at)],
  choice: [1, (r, at) => r.writeUInt8(next(4), at)],
};
const KINDS: readonly Kind[] = [...(Object.keys(FILL) as (keyof typeof FILL)[]), "text", "texts", "bytes"];

/** The name of an id; not every id has one. */
function nameOf(id: number): string | undefined {
  return id < 3 ? undefined : textOf(Buffer.concat([HOSTILE[id]!, NOT_UTF8[id - 3]!]));
}

/** A layout of some fields of every kind. The wide ones come first, so that each is aligned. */
function someLayout(): Layout {
  let offset = 0;
  const width = (kind: Kind): number => (kind in FILL ? FILL[kind as keyof typeof FILL][0] : 4);
  const some = KINDS.flatMap((kind) => (next(5) === 0 ? [] : next(2) === 0 ? [kind] : [kind, kind]));
  // A name can be absent, and stands behind the id that it is found by.
  const kinds: Kind[] = ["u64", ...some];
  const places = kinds
    .sort((a, b) => width(b) - width(a))
    .map((kind, i): Place => {
      const place = { name: oneOf("", 'qu"ote', "ä") + kind + i, kind, offset, size: width(kind) };
      offset += place.size;
      if (kind === "name") return { ...place, find: nameOf };
      return kind === "choice" ? { ...place, choices: ["in", 'o"ut', "\u202e😀"] } : place;
    });
  return { size: offset, places };
}

function fill(record: Buffer, { places }: Layout): void {
  let tail = TAIL;
  for (const { kind, offset } of places) {
    if (kind !== "text" && kind !== "texts" && kind !== "bytes") FILL[kind as keyof typeof FILL][1](record, offset);
    else {
      const bytes = someBytes(100);
      record.writeUInt16LE(tail, offset);
      record.writeUInt16LE(bytes.length, offset + 2);
      tail += bytes.copy(record, tail);
    }
  }
}

test("the lines of records equal JSON.stringify of their rows, and take no more room than promised", () => {
  for (let round = 0; round < 60; round++) {
    const layout = someLayout();
    const bytes = new ArrayBuffer(RECORD * 20);
    const records = { layout, memory: memory(bytes), unixOffsetNs: UNIX_OFFSET };
    const decode = rowDecoder(layout, records.memory, UNIX_OFFSET);
    const encoder = jsonEncoder(records);
    for (let position = 0; position < bytes.byteLength; position += RECORD) {
      fill(Buffer.from(bytes, position, RECORD), layout);
      const out = Buffer.alloc(20 + encoder.most(position), "#");
      const end = encoder.write(position, out, 10);
      const line = `${printableJson(JSON.stringify(decode(position)))}\n`;
      expect(out.toString("utf8", 10, end)).toBe(line);
      expect(end).toBeLessThanOrEqual(10 + encoder.most(position));
      expect(out.subarray(0, 10).toString() + out.subarray(end).toString()).toMatch(/^#+$/);
    }
  }
});

test("lines in a row are right whether their records are equal or differ, wherever that is", () => {
  for (let round = 0; round < 60; round++) {
    const layout = someLayout();
    const bytes = new ArrayBuffer(RECORD * 30);
    const records = { layout, memory: memory(bytes), unixOffsetNs: UNIX_OFFSET };
    const decode = rowDecoder(layout, records.memory, UNIX_OFFSET);
    const encoder = jsonEncoder(records);
    const lines: string[] = [];
    let out = Buffer.alloc(0);
    let at = 0;
    const written: string[] = [];
    for (let position = 0; position < bytes.byteLength; position += RECORD) {
      const record = Buffer.from(bytes, position, RECORD);
      if (position === 0 || next(4) === 0) fill(record, layout);
      else Buffer.from(bytes, position - RECORD, RECORD).copy(record);
      const [changed] = next(2) === 0 ? layout.places.filter(({ kind }) => kind === "u8" || kind === "u32") : [];
      if (changed) FILL[changed.kind as "u8"][1](record, changed.offset);
      if (next(5) === 0 || at + encoder.most(position) > out.length) {
        written.push(out.toString("utf8", 0, at));
        out = Buffer.alloc(encoder.most(position) * (1 + next(8)));
        at = 0;
      }
      at = encoder.write(position, out, at);
      lines.push(`${printableJson(JSON.stringify(decode(position)))}\n`);
    }
    expect([...written, out.toString("utf8", 0, at)].join("")).toBe(lines.join(""));
  }
});

test("a refused record leaves no trace in the next line", () => {
  const places = ["a", "b"].map((name, i) => ({ name, kind: "u64", offset: 8 * i, size: 8 }) as const);
  const bytes = new ArrayBuffer(48);
  const values = [1n, 2n, 1n, 2n ** 53n, 1n, 2n];
  new BigUint64Array(bytes).set(values);
  const encoder = jsonEncoder({ layout: { size: 16, places }, memory: memory(bytes), unixOffsetNs: 0n });
  const out = Buffer.alloc(200);
  let at = encoder.write(0, out, 0);
  expect(() => encoder.write(16, out, at)).toThrow(RangeError);
  at = encoder.write(32, out, at);
  expect(out.toString("utf8", 0, at)).toBe('{"a":1,"b":2}\n'.repeat(2));
});

test("a time has the digits of its number, at every fraction of a millisecond", () => {
  const layout = { size: 8, places: [{ name: "time", kind: "time", offset: 0, size: 8 } as const] };
  const bytes = new ArrayBuffer(8);
  const records = { layout, memory: memory(bytes), unixOffsetNs: 0n };
  const encoder = jsonEncoder(records);
  const decode = rowDecoder<{ time: number }>(layout, records.memory, 0n);
  const out = Buffer.alloc(100);
  for (const ms of [2n ** 40n - 1n, 2n ** 40n, 1_700_000_000_000n, 1_763_842_000_123n, 2n ** 41n - 1n, 2n ** 41n]) {
    for (let ns = 0n; ns < 1_000_000n; ns += 61n) {
      Buffer.from(bytes).writeBigUInt64LE(ms * 1_000_000n + ns);
      const line = out.toString("utf8", 0, encoder.write(0, out, 0));
      if (line !== `{"time":${decode(0).time}}\n`) expect(line).toBe(`{"time":${decode(0).time}}\n`);
    }
  }
});

test("an integer that a number cannot hold is refused, as in a row", () => {
  const layout = { size: 8, places: [{ name: "id", kind: "u64", offset: 0, size: 8 } as const] };
  const bytes = new ArrayBuffer(8);
  Buffer.from(bytes).writeBigUInt64LE(2n ** 53n);
  const encoder = jsonEncoder({ layout, memory: memory(bytes), unixOffsetNs: 0n });
  expect(() => encoder.write(0, Buffer.alloc(100), 0)).toThrow(/^Cannot represent \d+ exactly: it exceeds 2\^53$/);
});

test("an event without fields is an empty object", () => {
  const encoder = jsonEncoder({
    layout: { size: 0, places: [] },
    memory: memory(new ArrayBuffer(8)),
    unixOffsetNs: 0n,
  });
  const out = Buffer.alloc(encoder.most(0));
  expect(out.toString("utf8", 0, encoder.write(0, out, 0))).toBe("{}\n");
});
