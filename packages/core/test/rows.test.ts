import { bytesOf } from "@rxbpf/core";
import { expect, test } from "vitest";

import type { Kind } from "../src/schema/field.js";
import { milliseconds } from "../src/schema/moment.js";
import { memory } from "../src/schema/record.js";
import { rowDecoder, rowView } from "../src/schema/rows.js";

const SIZES: Partial<Record<Kind, number>> = {
  time: 8,
  u64: 8,
  i64: 8,
  u32: 4,
  i32: 4,
  text: 4,
  texts: 4,
  u16: 2,
  u8: 1,
  bool: 1,
  chars: 16,
  choice: 1,
  address: 16,
  bytes: 4,
};

/** Decodes a record of one field of a kind, at `offset`, with bytes written by `write`. */
function decode(
  kind: Kind,
  write: (record: Buffer) => void,
  {
    offset = 0,
    size = SIZES[kind]!,
    unixOffset = 0n,
    choices,
  }: { offset?: number; size?: number; unixOffset?: bigint; choices?: readonly string[] } = {},
): unknown {
  const POSITION = 40;
  const bytes = new ArrayBuffer(4096);
  write(Buffer.from(bytes, POSITION));
  const layout = { size: offset + size, places: [{ name: "value", kind, offset, size, ...(choices && { choices }) }] };
  return rowDecoder<{ value: unknown }>(layout, memory(bytes), unixOffset)(POSITION).value;
}

test("reads numbers of every width and sign, at every aligned offset", () => {
  expect(decode("u8", (r) => r.writeUInt8(0xfe, 3), { offset: 3 })).toBe(254);
  expect(decode("u16", (r) => r.writeUInt16LE(0xfffe, 6), { offset: 6 })).toBe(65534);
  expect(decode("u32", (r) => r.writeUInt32LE(0xfffffffe, 4), { offset: 4 })).toBe(4294967294);
  expect(decode("i32", (r) => r.writeInt32LE(-2, 4), { offset: 4 })).toBe(-2);
  expect(decode("bool", (r) => r.writeUInt8(2, 1), { offset: 1 })).toBe(true);
  expect(decode("bool", () => {}, { offset: 1 })).toBe(false);
});

test("reads 64-bit numbers exactly up to 2^53, and refuses larger ones", () => {
  for (const value of [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n - 1n])
    expect(decode("u64", (r) => r.writeBigUInt64LE(value, 8), { offset: 8 })).toBe(Number(value));
  for (const value of [-1n, -(2n ** 32n), -(2n ** 32n) - 1n, -(2n ** 53n) + 1n, 2n ** 40n])
    expect(decode("i64", (r) => r.writeBigInt64LE(value))).toBe(Number(value));
  for (const value of [2n ** 53n, 2n ** 64n - 1n])
    expect(() => decode("u64", (r) => r.writeBigUInt64LE(value))).toThrow(
      /^Cannot represent \d+ exactly: it exceeds 2\^53$/,
    );
});

test("turns nanoseconds of the clock of events into the nearest Unix milliseconds", () => {
  const unixOffset = 1_700_000_000_123_456_789n;
  const YEAR = 365n * 86_400n * 1_000_000_000n;
  for (const monotonic of [0n, 1n, 999_999n, 123_456_789_012_345n, YEAR + 7n, 3n * YEAR + 543_210_987n]) {
    const ns = monotonic + unixOffset;
    const time = decode("time", (r) => r.writeBigUInt64LE(monotonic), { unixOffset });
    expect(time).toBe(milliseconds(ns));
    expect(time).toBe(Number(`${ns / 1_000_000n}.${String(ns % 1_000_000n).padStart(6, "0")}`));
  }
});

test("reads texts from the tail, and nothing outside of them", () => {
  const place = (offset: number, bytes: Buffer) => (record: Buffer) => {
    record.fill("#", 16, 400);
    record.writeUInt16LE(offset, 4);
    record.writeUInt16LE(bytes.length, 6);
    bytes.copy(record, offset);
  };
  expect(decode("text", place(21, Buffer.from("/tmp/ä€😀")), { offset: 4 })).toBe("/tmp/ä€😀");
  expect(decode("text", place(21, Buffer.alloc(0)), { offset: 4 })).toBe("");
  expect(decode("text", place(16, Buffer.from("a\0b\n\x1b[1A")), { offset: 4 })).toBe("a\0b\n\x1b[1A");
  expect(decode("texts", place(17, Buffer.from("ls\0-l\0\0x\0")), { offset: 4 })).toEqual(["ls", "-l", "", "x"]);
  expect(decode("texts", place(17, Buffer.from("cut\0of")), { offset: 4 })).toEqual(["cut", "of"]);
  expect(decode("texts", place(17, Buffer.alloc(0)), { offset: 4 })).toEqual([]);
  expect(decode("texts", place(17, Buffer.from("\0")), { offset: 4 })).toEqual([""]);
});

test("a byte that is not UTF-8 becomes a character of its own, in texts and in names", () => {
  const invalid = Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x62]);
  const expected = "a\uefff\uefc3(\uefed\uefa0\uef80b";
  const write = (r: Buffer): void => {
    r.writeUInt16LE(8, 0);
    r.writeUInt16LE(invalid.length, 2);
    invalid.copy(r, 8);
  };
  expect(decode("chars", (r) => invalid.copy(r))).toBe(expected);
  expect(decode("text", write)).toBe(expected);
  expect(decode("texts", write)).toEqual([expected]);
  expect(bytesOf(expected)).toEqual(invalid);
});

test("a name ends at its first NUL, or at the end of its array", () => {
  expect(decode("chars", (r) => r.write("sh\0leftover"))).toBe("sh");
  expect(decode("chars", (r) => r.write("0123456789abcdefTAIL"))).toBe("0123456789abcdef");
  expect(decode("chars", () => {})).toBe("");
  expect(decode("chars", (r) => r.write("12345678"), { size: 8 })).toBe("12345678");
  expect(decode("chars", (r) => r.write("longer than this"), { size: 5, offset: 0 })).toBe("longe");
});

test("names that share a slot of the cache are not confused", () => {
  // Many more names than the cache has slots, each seen several times in a mixed order.
  const names = Array.from({ length: 3_000 }, (_, i) => `n${(i * 7919) % 3_000}`);
  const bytes = new ArrayBuffer(names.length * 16);
  const buffer = Buffer.from(bytes);
  names.forEach((name, i) => buffer.write(name, i * 16));
  const layout = { size: 16, places: [{ name: "comm", kind: "chars" as const, offset: 0, size: 16 }] };
  const row = rowDecoder<{ comm: string }>(layout, memory(bytes), 0n);
  for (let round = 0; round < 3; round++) {
    expect(names.map((_, i) => row(i * 16).comm)).toEqual(names);
    expect(names.map((_, i) => row(((i * 31) % names.length) * 16).comm)).toEqual(
      names.map((_, i) => names[(i * 31) % names.length]),
    );
  }
});

test("rows are plain objects with the schema's names in its order", () => {
  const layout = {
    size: 8,
    places: [
      { name: "z", kind: "u32" as const, offset: 4, size: 4 },
      { name: "a", kind: "i32" as const, offset: 0, size: 4 },
    ],
  };
  const bytes = new ArrayBuffer(16);
  new DataView(bytes).setInt32(8, -5, true);
  const row = rowDecoder<Record<string, number>>(layout, memory(bytes), 0n)(8);
  expect(Object.keys(row)).toEqual(["z", "a"]);
  expect(structuredClone(row)).toEqual({ z: 0, a: -5 });
  expect(JSON.stringify({ ...row })).toBe('{"z":0,"a":-5}');
});

test("a view reads the fields of the record that was asked for last", () => {
  const layout = {
    size: 24,
    places: [
      { name: "comm", kind: "chars" as const, offset: 8, size: 16 },
      { name: "ret", kind: "i32" as const, offset: 0, size: 4 },
    ],
  };
  const from = memory(new ArrayBuffer(48));
  from.i32[0] = -2;
  from.i32[6] = 7;
  Buffer.from(from.u8.buffer).write("first", 8);
  Buffer.from(from.u8.buffer).write("second", 32);
  const view = rowView<{ comm: string; ret: number }>({ layout, memory: from, unixOffsetNs: 0n });
  const first = view(0);
  expect({ ...first }).toEqual({ comm: "first", ret: -2 });
  expect(view(24)).toBe(first);
  expect({ ...first }).toEqual({ comm: "second", ret: 7 });
});

test("a choice is the text of its number, and empty past the last", () => {
  const choices = ["connect", "accept", 'clo"se'];
  const chosen = [0, 1, 2, 3, 255].map((n) => decode("choice", (r) => r.writeUInt8(n, 5), { offset: 5, choices }));
  expect(chosen).toEqual(["connect", "accept", 'clo"se', "", ""]);
});

test("an address is the usual text of its version", () => {
  const address = (hex: string): unknown =>
    decode("address", (r) => r.write(hex.replaceAll(" ", ""), 8, "hex"), { offset: 8 });
  expect(address("0000 0000 0000 0000 0000 ffff 0a4d 0001")).toBe("10.77.0.1");
  expect(address("0000 0000 0000 0000 0000 ffff 0000 0000")).toBe("0.0.0.0");
  expect(address("0000 0000 0000 0000 0000 0000 0000 0000")).toBe("::");
  expect(address("0000 0000 0000 0000 0000 0000 0000 0001")).toBe("::1");
  expect(address("fe80 0000 0000 0000 2000 0bff fe82 03ac")).toBe("fe80::2000:bff:fe82:3ac");
  expect(address("1234 ab12 2040 5020 2299 0000 0005 0000")).toBe("1234:ab12:2040:5020:2299:0:5:0");
  // Two ways to write an IPv4 address in IPv6 that are not the mapped one.
  expect(address("0064 ff9b 0000 0000 0000 0000 0102 0304")).toBe("64:ff9b::102:304");
});

test("addresses that share a slot of the cache are not confused, nor with names", () => {
  const COUNT = 2_000;
  const bytes = new ArrayBuffer(COUNT * 32);
  const buffer = Buffer.from(bytes);
  for (let i = 0; i < COUNT; i++) {
    buffer.write("00000000000000000000ffff0a00", i * 32, "hex");
    buffer.writeUInt16BE(i, i * 32 + 14);
    buffer.copy(buffer, i * 32 + 16, i * 32, i * 32 + 16); // the same bytes as a name
  }
  const layout = {
    size: 32,
    places: [
      { name: "address", kind: "address" as const, offset: 0, size: 16 },
      { name: "comm", kind: "chars" as const, offset: 16, size: 16 },
    ],
  };
  const row = rowDecoder<{ address: string; comm: string }>(layout, memory(bytes), 0n);
  for (let round = 0; round < 3; round++)
    for (let i = 0; i < COUNT; i++)
      expect(row(((i * 31) % COUNT) * 32)).toEqual({
        address: `10.0.${((i * 31) % COUNT) >> 8}.${((i * 31) % COUNT) & 255}`,
        comm: "",
      });
});

test("bytes are an exact copy, which later records do not change", () => {
  const memoryOf = new ArrayBuffer(128);
  const buffer = Buffer.from(memoryOf);
  buffer.writeUInt16LE(9, 0);
  buffer.writeUInt16LE(3, 2);
  buffer.set([1, 2, 3, 4], 9);
  const layout = { size: 8, places: [{ name: "packet", kind: "bytes" as const, offset: 0, size: 4 }] };
  const { packet } = rowDecoder<{ packet: Uint8Array }>(layout, memory(memoryOf), 0n)(0);
  buffer.fill(0);
  expect(packet).toEqual(new Uint8Array([1, 2, 3]));
});
