// Recordings made to harm their reader: each length in them is valid, but together they ask for far more than the size
// of the file. Made without the project's own writer, which could not write them.
import { zstdCompress } from "@rxbpf/core/system";
import { Builder } from "flatbuffers";

const HEADER = { schema: 1, dictionary: 2, batch: 3 };
const STORED = -1n;

/** A table of a flatbuffer, its slots in order: offsets (as numbers), or `["byte" | "long", value]`; undefined where there is none. */
function table(b, slots) {
  b.startObject(slots.length);
  for (const [slot, value] of slots.entries()) {
    if (Array.isArray(value) && value[0] === "byte") b.addFieldInt8(slot, value[1], 0);
    else if (Array.isArray(value)) b.addFieldInt64(slot, BigInt(value[1]), 0n);
    else if (value !== undefined) b.addFieldOffset(slot, value, 0);
  }
  return b.endObject();
}

function offsets(b, all) {
  b.startVector(4, all.length, 4);
  for (const offset of all.toReversed()) b.addOffset(offset);
  return b.endVector();
}

function pairs(b, all) {
  b.startVector(16, all.length, 8);
  for (const [one, other] of all.toReversed()) {
    b.prep(8, 16);
    b.writeInt64(BigInt(other));
    b.writeInt64(BigInt(one));
  }
  return b.endVector();
}

const keyValues = (b, all) =>
  offsets(
    b,
    Object.entries(all).map(([key, value]) => table(b, [b.createString(key), b.createString(value)])),
  );

/** A message with its body. `header` makes its header; `metadata` is an object, or makes the vector of pairs. */
function message(type, header, { body = Buffer.alloc(0), metadata } = {}) {
  const b = new Builder(1 << 16);
  const headerAt = header(b);
  const metadataAt = typeof metadata === "function" ? metadata(b) : metadata && keyValues(b, metadata);
  const root = table(b, [undefined, ["byte", HEADER[type]], headerAt, ["long", body.length], metadataAt]);
  b.finish(root);
  const bytes = Buffer.from(b.asUint8Array());
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]);
  const prefix = Buffer.alloc(8);
  prefix.writeInt32LE(-1, 0);
  prefix.writeInt32LE(padded.length, 4);
  return Buffer.concat([prefix, padded, body]);
}

const ABOUT = { "rxbpf.format": "2", "rxbpf.probe": "hostile", "rxbpf.options": "{}" };

/** The head of a recording whose fields are of these kinds, by name. */
function head(kinds, nullable = []) {
  return message("schema", (b) => {
    const fields = Object.entries(kinds).map(([name, kind]) => {
      const metadata = keyValues(b, { "rxbpf.kind": kind, "rxbpf.doc": "" });
      const isNullable = ["byte", nullable.includes(name) ? 1 : 0];
      return table(b, [b.createString(name), isNullable, undefined, undefined, undefined, undefined, metadata]);
    });
    return table(b, [undefined, offsets(b, fields), keyValues(b, ABOUT)]);
  });
}

/** A batch of `length` rows. Its buffers are places in the body; with `packed` it is compressed. */
function batch(length, { nodes = [[length, 0]], buffers, body, packed = false, metadata }) {
  return message(
    "batch",
    (b) => {
      const nodesAt = pairs(b, nodes);
      const buffersAt = pairs(b, buffers);
      // Codec 1 is Zstandard.
      const compression = packed ? table(b, [["byte", 1], undefined]) : undefined;
      return table(b, [["long", length], nodesAt, buffersAt, compression]);
    },
    { body, metadata },
  );
}

const file = (...messages) => Buffer.concat([Buffer.from("ARROW1\0\0"), ...messages]);

/** Puts buffers one after the other, and returns the place of each. */
function layOut(...parts) {
  const places = [];
  const padded = parts.map((bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]));
  let at = 0;
  for (const [i, { length }] of padded.entries()) {
    places.push([at, parts[i].length]);
    at += length;
  }
  return { body: Buffer.concat(padded), buffers: places };
}

/** A compressed buffer, with its uncompressed length in front. */
function frame(bytes) {
  const prefix = Buffer.alloc(8);
  prefix.writeBigInt64LE(BigInt(bytes.length));
  return Buffer.concat([prefix, zstdCompress(bytes)]);
}

function stored(bytes) {
  const prefix = Buffer.alloc(8);
  prefix.writeBigInt64LE(STORED);
  return Buffer.concat([prefix, bytes]);
}

const times = (count, bytes) => Buffer.alloc(count * bytes.length, bytes);
const int32 = (...numbers) => Buffer.from(Int32Array.from(numbers).buffer);
const NONE = Buffer.alloc(0);

/** One row with one text. */
function textBatch(text, options) {
  const bytes = Buffer.from(text);
  return batch(1, { ...layOut(NONE, int32(0, bytes.length), bytes), ...options });
}

const boolNames = (count) => Array.from({ length: count }, (_, i) => `b${i}`);
const kinds = (names, kind) => Object.fromEntries(names.map((name) => [name, kind]));

/** The attacks by name. Each makes the bytes of a file. */
export const hostile = {
  "one field and its text, in many places": () =>
    file(
      message("schema", (b) => {
        const text = b.createString("x".repeat(200_000));
        const pair = table(b, [b.createString("rxbpf.doc"), text]);
        const metadata = offsets(b, [pair]);
        const field = table(b, [text, undefined, undefined, undefined, undefined, undefined, metadata]);
        return table(b, [undefined, offsets(b, Array(10_000).fill(field)), keyValues(b, ABOUT)]);
      }),
    ),
  "one pair of metadata, in many places of one field": () =>
    file(
      message("schema", (b) => {
        const pair = table(b, [b.createString("rxbpf.doc"), b.createString("x".repeat(300_000))]);
        const metadata = offsets(b, Array(40_000).fill(pair));
        const field = table(b, [b.createString("a"), undefined, undefined, undefined, undefined, undefined, metadata]);
        return table(b, [undefined, offsets(b, Array(40_000).fill(field)), keyValues(b, ABOUT)]);
      }),
    ),
  "one pair of metadata, in many places of each batch": () => {
    const metadata = (b) => {
      const pair = table(b, [b.createString("rxbpf.notes"), b.createString("[]".padEnd(60_000))]);
      return offsets(b, Array(20_000).fill(pair));
    };
    const one = batch(1, { ...layOut(NONE, Buffer.of(1)), metadata });
    return file(head({ a: "u8" }), one, one, one, one);
  },
  "one buffer for many columns": () => {
    const names = boolNames(2000);
    const rows = 1_000_000;
    const { body, buffers } = layOut(NONE, Buffer.alloc(rows / 8));
    return file(
      head(kinds(names, "bool")),
      batch(rows, { body, nodes: names.map(() => [rows, 0]), buffers: names.flatMap(() => buffers) }),
    );
  },
  "compressed bits of many rows, in many batches": () => {
    const rows = 1 << 24;
    const one = batch(rows, { ...layOut(NONE, frame(Buffer.alloc(rows / 8))), packed: true });
    return file(head({ a: "bool" }), ...Array(800).fill(one));
  },
  "compressed bits of many columns": () => {
    const names = boolNames(300);
    const rows = 1 << 20;
    const bits = frame(Buffer.alloc(rows / 8));
    const one = batch(rows, {
      ...layOut(...names.flatMap(() => [NONE, bits])),
      nodes: names.map(() => [rows, 0]),
      packed: true,
    });
    return file(head(kinds(names, "bool")), ...Array(10).fill(one));
  },
  "a compressed text of a gigabyte": () => {
    const length = (1 << 30) - 4096;
    const part = Buffer.alloc(1 << 26, "a");
    const frames = Array.from({ length: 15 }, () => zstdCompress(part));
    const prefix = Buffer.alloc(8);
    prefix.writeBigInt64LE(BigInt(length));
    const last = zstdCompress(part.subarray(0, length - 15 * part.length));
    const text = Buffer.concat([prefix, ...frames, last]);
    const one = batch(1, { ...layOut(NONE, stored(int32(0, length)), text), packed: true });
    return file(head({ path: "text" }), one, one);
  },
  "compressed lists of empty texts": () => {
    const texts = 3_000_000;
    const offsetsOf = frame(Buffer.alloc(4 * (texts + 1)));
    const one = batch(1, {
      ...layOut(NONE, stored(int32(0, texts)), NONE, offsetsOf, NONE),
      nodes: [
        [1, 0],
        [texts, 0],
      ],
      packed: true,
    });
    return file(head({ args: "texts" }), ...Array(100).fill(one));
  },
  "an integer of 20 million digits": () =>
    file(head({ more: "json" }, ["more"]), textBatch(`{"a":${"7".repeat(20_000_000)}}`)),
  "an integer of a million digits": () =>
    file(head({ more: "json" }, ["more"]), textBatch(`{"a":${"7".repeat(1_000_000)}}`)),
  "quotes that end no string": () =>
    file(head({ more: "json" }, ["more"]), textBatch(`"${'\\"'.repeat(300_000)}1234567890123456`)),
  "a value of lists in lists": () => file(head({ more: "json" }, ["more"]), textBatch("[".repeat(15_000_000))),
  "a value of empty objects, compressed": () => {
    const bytes = Buffer.from(`{"a":[${"{},".repeat(5_000_000)}1]}`);
    const one = batch(1, { ...layOut(NONE, stored(int32(0, bytes.length)), frame(bytes)), packed: true });
    return file(head({ more: "json" }, ["more"]), one);
  },
  "notes of lists in lists": () =>
    file(
      head({ a: "u8" }),
      batch(1, { ...layOut(NONE, Buffer.of(1)), metadata: { "rxbpf.notes": "[".repeat(30_000_000) } }),
    ),
  "notes of empty objects": () =>
    file(
      head({ a: "u8" }),
      batch(1, { ...layOut(NONE, Buffer.of(1)), metadata: { "rxbpf.notes": `[${"{},".repeat(10_000_000)}{}]` } }),
    ),
  "a million batches of nothing": () => {
    const one = batch(0, { ...layOut(NONE, NONE) });
    return file(head({ a: "u8" }), times(1_000_000, one));
  },
  "a million dictionaries": () =>
    file(
      head({ a: "u8" }),
      times(
        1_000_000,
        message("dictionary", (b) => table(b, [undefined])),
      ),
    ),
};
