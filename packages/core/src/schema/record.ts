import type { Scale } from "../values/histogram.js";
import type { Kind } from "./field.js";
import type { Unit } from "./unit.js";

/** A field and the place of its bytes in a record. */
export interface Place {
  readonly name: string;
  readonly kind: Kind;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  readonly size: number;
  readonly choices?: readonly string[];
  readonly scale?: Scale;
  readonly unit?: Unit;
  /** Of a name, whose place is that of its id. */
  readonly find?: (id: number) => string | undefined;
}

/** The places of a struct's fields, in the order of the schema. */
export interface Layout {
  readonly size: number;
  readonly places: readonly Place[];
}

/** Memory that records are read from, seen as numbers of each width. */
export interface Memory {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
}

export function memory(buffer: ArrayBuffer): Memory {
  const words = buffer.byteLength >>> 2;
  return {
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer, 0, words * 2),
    u32: new Uint32Array(buffer, 0, words),
    i32: new Int32Array(buffer, 0, words),
  };
}
