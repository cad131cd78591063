import { lengthOf, type Target } from "./column-writers.js";
import type { Records } from "./column-data.js";
import type { Place } from "./layout.js";
import { expression } from "./rows.js";

/** Copies the fields of records to columns, of which the first value is to stand at an index. */
type Copy = (positions: Int32Array, count: number, at: number, columns: readonly Target[]) => void;

/**
 * Makes what copies the records of one layout in one piece of memory. Its source is written out, as that of the
 * decoder of rows is: all fields of a record are copied while it is in the cache, each to an array of a known kind.
 */
export function copier({ layout, memory, unixOffsetNs }: Omit<Records, "positions" | "count">): Copy {
  const columns = layout.places.map((_, i) => `const c${i} = columns[${i}];`);
  const copies = layout.places.map((place, i) => copying(place, `c${i}`));
  const source = `return (positions, count, at, columns) => {
    ${columns.join(" ")}
    for (let i = 0; i < count; i++, at++) {
      const p = positions[i], w = p >>> 2;
      ${copies.join("\n")}
    }
  };`;
  const { u8, u16, u32, i32 } = memory;
  const [addLow, addHigh] = [unixOffsetNs, unixOffsetNs >> 32n].map((part) => Number(BigInt.asUintN(32, part)));
  const given = { u8, u16, u32, i32, addLow, addHigh, lengthOf };
  // oxlint-disable-next-line no-implied-eval -- all that enters the source is numbers and names from our own schemas
  return new Function(...Object.keys(given), source)(...Object.values(given)) as Copy;
}

/** The source of what copies a field of the record at `p`, whose words begin at `w`, to the column `c`. */
function copying(place: Place, c: string): string {
  const { kind, offset, size } = place;
  const word = `w + ${offset >>> 2}`;
  switch (kind) {
    case "u8":
    case "u16":
    case "u32":
    case "i32":
      return `${c}[at] = ${expression(place, 0)};`;
    case "choice":
      return `${c}[at] = u8[p + ${offset}];`;
    case "u64":
    case "i64":
      return `${c}[2 * at] = u32[${word}]; ${c}[2 * at + 1] = u32[${word} + 1];`;
    case "time":
      return `{
        const low = u32[${word}] + addLow;
        ${c}[2 * at] = low;
        ${c}[2 * at + 1] = u32[${word} + 1] + addHigh + (low > 0xffffffff ? 1 : 0);
      }`;
    case "bool":
      return `if ((at & 7) === 0) ${c}[at >>> 3] = 0;
        if (u8[p + ${offset}] !== 0) ${c}[at >>> 3] |= 1 << (at & 7);`;
    case "histogram":
    case "stack":
      throw new Error(`A record has no ${kind}`);
    case "address":
      return `${c}.append(u8, p + ${offset}, ${size});`;
    case "chars":
      return `${c}.append(u8, p + ${offset}, lengthOf(u8, p + ${offset}, ${size}));`;
    case "text":
    case "texts":
    case "bytes":
      return `${c}.append(u8, p + u16[(p + ${offset}) >>> 1], u16[(p + ${offset + 2}) >>> 1]);`;
  }
}
