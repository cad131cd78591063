import { ColumnBuilder } from "@rxbpf/core/events";

import { Batches } from "./batch.js";
import { Encoder } from "./encoder.js";
import { NOTES } from "./metadata.js";
import type { Placed } from "./notes.js";
import type { Head } from "./recording.js";
import { arrowSchema } from "./types.js";

/** Encodes a file like another, up to and with a batch that has notes but no events. */
export function emptyBatch({ info, metadata }: Head, notes: readonly Placed[]): readonly Uint8Array[] {
  const { schema } = info;
  const arrow = arrowSchema(schema, metadata);
  const choices = Object.values(schema.fields).map((field) => field.choices);
  const noted = new Map([[NOTES, JSON.stringify(notes)]]);
  return new Encoder(arrow).batch(new Batches(arrow, choices).make(new ColumnBuilder(schema).take(), noted));
}
