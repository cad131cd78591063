import { FlatTable } from "./flat.js";
import type { FieldDescription } from "./metadata.js";

/** An Arrow message of a type that recordings use. */
export interface Message {
  readonly type: "schema" | "dictionary" | "batch";
  /** The length of the body that follows it, in bytes. */
  readonly bodyLength: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly header: FlatTable;
}

/** The header of a record batch. */
export interface BatchHeader {
  readonly length: number;
  /** The length and the number of nulls of each array. */
  readonly nodes: readonly (readonly [number, number])[];
  /** The offset and the length of each buffer in the body. */
  readonly buffers: readonly (readonly [number, number])[];
  /** Whether the buffers are compressed with Zstandard. */
  readonly compressed: boolean;
}

const ZSTD = 1;

const TYPES = [undefined, "schema", "dictionary", "batch"] as const;

/** @throws RangeError for bytes that are no such message */
export function decodeMessage(bytes: Uint8Array): Message {
  const root = FlatTable.root(bytes);
  const type = TYPES[root.byte(1)];
  const header = root.table(2);
  if (!type || !header) throw new RangeError("A message is of no known type");
  return { type, bodyLength: root.long(3), metadata: keyValues(root, 4), header };
}

export function decodeSchema(header: FlatTable): {
  readonly fields: readonly FieldDescription[];
  readonly metadata: ReadonlyMap<string, string>;
} {
  const fields = header.tables(1).map((field) => ({
    name: field.text(0),
    nullable: field.byte(1) !== 0,
    metadata: keyValues(field, 6),
  }));
  return { fields, metadata: keyValues(header, 2) };
}

/** @throws RangeError if it is damaged, or compressed in a way that recordings never use */
export function decodeBatch(header: FlatTable): BatchHeader {
  const compression = header.table(3);
  if (compression && (compression.byte(0) !== ZSTD || compression.byte(1) !== 0))
    throw new RangeError("A batch is compressed in an unknown way");
  return {
    length: header.long(0),
    nodes: header.pairs(1),
    buffers: header.pairs(2),
    compressed: compression !== undefined,
  };
}

function keyValues(table: FlatTable, slot: number): Map<string, string> {
  return new Map(table.tables(slot).map((pair) => [pair.text(0), pair.text(1)]));
}
