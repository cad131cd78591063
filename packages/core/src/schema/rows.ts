import type { InMemory } from "./column-data.js";
import { recordForm } from "./kinds.js";
import { type Layout, memory, type Memory } from "./record.js";

/** Decodes the record at a byte position, a multiple of 8, into a plain object. */
export type RowDecoder<E> = (position: number) => E;

/**
 * Makes the decoder for one layout and one piece of memory. Its source is generated as one object literal, so that V8
 * gives all rows one hidden class and looks up no field by name: several times faster than a loop over fields. The
 * source contains only numbers and names from our own schemas.
 * @param unixOffset nanoseconds to add to the clock of events to get Unix time
 */
export function rowDecoder<E>(layout: Layout, memory: Memory, unixOffset: bigint): RowDecoder<E> {
  const fields = layout.places.map(
    (place, index) => `${JSON.stringify(place.name)}: ${recordForm(place.kind).row(place, index)}`,
  );
  const source = `return (p) => { const w = p >>> 2; return { ${fields.join(", ")} }; };`;
  return generated(source, layout, memory, unixOffset) as RowDecoder<E>;
}

/**
 * The same, without an object for each record: it returns one row again and again, which reads a field of the last record when
 * it is asked for it. So it is the cheaper way for whoever reads few fields, once, and keeps no row.
 */
export function rowView<E>({ layout, memory, unixOffsetNs }: InMemory): RowDecoder<E> {
  const fields = layout.places.map(
    (place, index) => `get ${JSON.stringify(place.name)}() { return ${recordForm(place.kind).row(place, index)}; }`,
  );
  const source = `let p = 0, w = 0; const row = { ${fields.join(", ")} };
    return (position) => { p = position; w = p >>> 2; return row; };`;
  return generated(source, layout, memory, unixOffsetNs) as RowDecoder<E>;
}

function generated(source: string, layout: Layout, memory: Memory, unixOffset: bigint): unknown {
  // oxlint-disable-next-line no-implied-eval -- see `rowDecoder`
  const make = new Function("u8", "u16", "u32", "i32", "read", "choices", "places", source);
  const { u8, u16, u32, i32 } = memory;
  const choices = layout.places.map((place) => place.choices);
  return make(u8, u16, u32, i32, readers(layout, memory, unixOffset), choices, layout.places);
}

/** The same for a record in bytes of its own, which is copied to memory of the decoder. */
export function bytesDecoder<E>(layout: Layout, unixOffset: bigint): (bytes: Uint8Array) => E {
  const own = memory(new ArrayBuffer(Math.ceil(layout.size / 8) * 8));
  const decode = rowDecoder<E>(layout, own, unixOffset);
  return (bytes) => {
    own.u8.set(bytes);
    return decode(0);
  };
}

/** The reader functions that the generated source uses for a layout's fields, by kind. */
export function readers({ places }: Layout, memory: Memory, unixOffsetNs: bigint): Readonly<Record<string, unknown>> {
  const kinds = [...new Set(places.map(({ kind }) => kind))];
  return Object.fromEntries(kinds.map((kind) => [kind, recordForm(kind).reader?.(memory, unixOffsetNs)]));
}
