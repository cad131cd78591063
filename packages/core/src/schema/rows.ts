import { recordForm } from "./kinds.js";
import { type Layout, memory, type Memory } from "./record.js";

/** Makes a plain object from the record that starts at a byte position, a multiple of 8. */
export type RowDecoder<E> = (position: number) => E;

/**
 * Makes the decoder for one layout and one piece of memory. Its source is written out, as
 * one object literal: V8 then gives all rows one hidden class and reads no field by name,
 * which is several times faster than a loop over fields. All that enters the source is
 * numbers and names from our own schemas.
 * @param unixOffset nanoseconds to add to the clock of events to get Unix time
 */
export function rowDecoder<E>(layout: Layout, memory: Memory, unixOffset: bigint): RowDecoder<E> {
  const fields = layout.places.map(
    (place, index) => `${JSON.stringify(place.name)}: ${recordForm(place.kind).row(place, index)}`,
  );
  const source = `return (p) => { const w = p >>> 2; return { ${fields.join(", ")} }; };`;
  // oxlint-disable-next-line no-implied-eval -- see above
  const make = new Function("u8", "u16", "u32", "i32", "read", "choices", "places", source);
  const { u8, u16, u32, i32 } = memory;
  const choices = layout.places.map((place) => place.choices);
  return make(u8, u16, u32, i32, readers(layout, memory, unixOffset), choices, layout.places) as RowDecoder<E>;
}

/** The same for bytes that stand alone, by way of memory of its own. */
export function bytesDecoder<E>(layout: Layout, unixOffset: bigint): (bytes: Uint8Array) => E {
  const own = memory(new ArrayBuffer(Math.ceil(layout.size / 8) * 8));
  const decode = rowDecoder<E>(layout, own, unixOffset);
  return (bytes) => {
    own.u8.set(bytes);
    return decode(0);
  };
}

/** What the source of a layout's fields reads with, by kind. */
export function readers({ places }: Layout, memory: Memory, unixOffsetNs: bigint): Readonly<Record<string, unknown>> {
  const kinds = [...new Set(places.map(({ kind }) => kind))];
  return Object.fromEntries(kinds.map((kind) => [kind, recordForm(kind).reader?.(memory, unixOffsetNs)]));
}
