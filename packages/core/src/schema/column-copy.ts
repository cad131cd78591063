import { lengthOf, type Destination } from "./column-writers.js";
import type { Records } from "./column-data.js";
import { recordForm } from "./kinds.js";
import type { Place } from "./record.js";

/** Copies the fields of records to columns, from the index `at` of each column on. */
type Copy = (positions: Int32Array, count: number, at: number, columns: readonly Destination[]) => void;

/**
 * Makes a function that copies the records of one layout in one piece of memory. Its source is generated, like that of
 * the row decoder: all fields of a record are copied while it is in the cache, each to an array of a known type.
 */
export function copier({ layout, memory, unixOffsetNs }: Omit<Records, "positions" | "count">): Copy {
  const columns = layout.places.map((_, i) => `const c${i} = columns[${i}];`);
  const copies = layout.places.map((place, i) => copying(place, `c${i}`, i));
  const source = `return (positions, count, at, columns) => {
    ${columns.join(" ")}
    for (let i = 0; i < count; i++, at++) {
      const p = positions[i], w = p >>> 2;
      ${copies.join("\n")}
    }
  };`;
  const { u8, u16, u32, i32 } = memory;
  const [addLow, addHigh] = [unixOffsetNs, unixOffsetNs >> 32n].map((part) => Number(BigInt.asUintN(32, part)));
  const given = { u8, u16, u32, i32, addLow, addHigh, lengthOf, places: layout.places };
  // oxlint-disable-next-line no-implied-eval -- the source contains only numbers and names from our own schemas
  return new Function(...Object.keys(given), source)(...Object.values(given)) as Copy;
}

/** The source that copies a field of the record at `p`, whose words begin at `w`, to the column `c`. */
function copying(place: Place, c: string, index: number): string {
  const { copy } = recordForm(place.kind);
  if (!copy) throw new Error(`A record has no ${place.kind}`);
  return copy(place, c, index);
}
