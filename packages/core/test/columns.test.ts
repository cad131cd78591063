import type { Field } from "@rxbpf/core";
import { type Columns, ColumnBuilder, milliseconds, optional, schema, text } from "@rxbpf/core/events";
import { expect, test } from "vitest";

import type { Kind } from "../src/schema/field.js";
import type { Layout } from "../src/schema/record.js";
import { memory } from "../src/schema/record.js";
import { rowDecoder } from "../src/schema/rows.js";

const SIZES = {
  time: 8,
  u64: 8,
  name: 8,
  i64: 8,
  u32: 4,
  i32: 4,
  text: 4,
  texts: 4,
  bytes: 4,
  address: 16,
  chars: 16,
} as const;
const KINDS = [
  ...(["time", "u64", "name", "i64", "address", "chars", "u32", "i32", "text", "texts", "bytes"] as const),
  ...(["u16", "u8", "bool", "choice"] as const),
] satisfies readonly Kind[];
const UNIX_OFFSET = 1_700_000_000_123_456_789n;
const RECORD = 512;

/** A layout with a field of every kind, one after the other. */
function everyKind(): { layout: Layout; fields: Record<string, Field<unknown>> } {
  let offset = 0;
  const places = KINDS.map((kind) => {
    const size = kind in SIZES ? SIZES[kind as keyof typeof SIZES] : kind === "u16" ? 2 : 1;
    const place = {
      ...{ name: kind, kind, offset, size },
      ...(kind === "choice" && { choices: ["in", "out"] }),
      ...(kind === "name" && {
        find: (id: number) => (id % 3 === 0 ? undefined : `ä${id % 5}`),
        optional: true as const,
      }),
    };
    offset += size;
    return place;
  });
  const fields = Object.fromEntries(places.map((place) => [place.name, { ...place, doc: "" }]));
  return { layout: { size: offset, places }, fields };
}

/** Records of random bytes, except that texts lie within the record. */
function randomRecords({ places }: Layout, count: number): { bytes: ArrayBuffer; positions: Int32Array } {
  const bytes = new ArrayBuffer(RECORD * count);
  const all = Buffer.from(bytes);
  let state = 7;
  const next = (below: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % below;
  for (let i = 0; i < all.length; i++) all[i] = next(3) === 0 ? next(256) : 32 + next(90);
  const positions = Int32Array.from({ length: count }, (_, i) => i * RECORD);
  for (const position of positions) {
    for (const { kind, offset } of places) {
      const at = position + offset;
      // Times of some years, and integers that a row can hold.
      if (kind === "time" || kind === "u64" || kind === "i64") all.writeUInt32LE(next(2 ** 21), at + 4);
      if (kind === "choice") all[at] = next(3);
      if (kind === "text" || kind === "texts" || kind === "bytes") {
        all.writeUInt16LE(128 + next(64), at);
        all.writeUInt16LE(next(300), at + 2);
      }
    }
  }
  return { bytes, positions };
}

test("columns gathered from records equal those gathered from their rows", () => {
  const { layout, fields } = everyKind();
  const { bytes, positions } = randomRecords(layout, 400);
  const from = memory(bytes);
  const decode = rowDecoder<Record<string, unknown>>(layout, from, UNIX_OFFSET);
  const direct = new ColumnBuilder(schema("any", fields));
  const byRows = new ColumnBuilder(schema("any", fields));
  // In two steps, so that a writer must keep earlier values.
  for (const part of [positions.subarray(0, 150), positions.subarray(150)]) {
    direct.appendRecords({
      layout,
      memory: from,
      positions: part,
      count: part.length,
      unixOffsetNs: UNIX_OFFSET,
    });
    for (const position of part) byRows.appendRow(decode(position));
  }
  const [a, b] = [direct.take(), byRows.take()];
  expect(a.length).toBe(400);
  for (const [i, kind] of KINDS.entries()) {
    if (kind !== "time") expect(a.columns[i], kind).toEqual(b.columns[i]);
  }
  expect(times(a)).toEqual(times(b));
  expect(times(a)).toEqual(Array.from(positions, (position) => decode(position)["time"]));
});

/** A row's time is rounded to a quarter of a microsecond; the column is exact. */
function times({ columns: [column] }: Columns): number[] {
  if (column?.type !== "numbers") throw new Error("The first column is no time");
  return Array.from(column.values as BigInt64Array, milliseconds);
}

test("a column says which values of an optional field are present, for records too", () => {
  const { layout, fields } = everyKind();
  const { bytes, positions } = randomRecords(layout, 9);
  const from = memory(bytes);
  const builder = new ColumnBuilder(schema("any", { query: optional(text("")), ...fields }));
  const decode = rowDecoder<Record<string, unknown>>(layout, from, UNIX_OFFSET);
  builder.appendRecords({ layout, memory: from, positions, count: 9, unixOffsetNs: UNIX_OFFSET });
  builder.appendRow({ ...decode(0), query: "ä" });
  builder.appendRow(decode(0));
  const [query] = builder.take().columns;
  expect(query).toEqual({
    type: "strings",
    offsets: Int32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2),
    bytes: Uint8Array.from(Buffer.from("ä")),
    presence: { bits: Uint8Array.of(0, 0b10), absent: 10 },
  });
});

test("columns gathered after a take are the same as in fresh memory", () => {
  const { layout, fields } = everyKind();
  const { bytes, positions } = randomRecords(layout, 40);
  const from = memory(bytes);
  const gather = (builder: ColumnBuilder, some: Int32Array): void =>
    builder.appendRecords({ layout, memory: from, positions: some, count: some.length, unixOffsetNs: UNIX_OFFSET });
  const [used, unused] = [new ColumnBuilder(schema("any", fields)), new ColumnBuilder(schema("any", fields))];
  gather(used, positions);
  expect(used.take().length).toBe(40);
  gather(used, positions.subarray(20));
  gather(unused, positions.subarray(20));
  expect(used.length).toBe(20);
  expect(used.take()).toEqual(unused.take());
});
