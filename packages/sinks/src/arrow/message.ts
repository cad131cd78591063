import { FlatTable } from "./flat.js";
import type { FieldDescription } from "./metadata.js";

/** A message of the Arrow format, of the types that a recording has. */
export interface Message {
  readonly type: "schema" | "dictionary" | "batch";
  /** Bytes that follow it. */
  readonly bodyLength: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly header: FlatTable;
}

/** A record batch before its body is looked at. */
export interface BatchHeader {
  readonly length: number;
  /** Length and number of nulls of each array. */
  readonly nodes: readonly (readonly [number, number])[];
  /** Offset and length of each buffer in the body. */
  readonly buffers: readonly (readonly [number, number])[];
  /** Whether each is compressed, by Zstandard. */
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

/** @throws RangeError where it is damaged or compressed in another way, which no recording is */
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
