import { hasZstd, zstdCompress } from "@rxbpf/core/system";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";

import type { RecordingInfo } from "../arrow/metadata.js";
import type { Group } from "./groups.js";
import { parquetSchema } from "./schema.js";

/** Encodes a Parquet file piece by piece. */
export class ParquetFile {
  /** In memory: the writer's calls are synchronous. */
  readonly #bytes = new ByteWriter();
  readonly #metadata: { key: string; value: string }[];
  readonly #writer: ParquetWriter;

  constructor({ schema, ...about }: RecordingInfo) {
    const docs = Object.entries(schema.fields).map(([name, { doc }]) => [name, doc]);
    this.#metadata = [];
    for (const [key, value] of Object.entries({ ...about, fields: Object.fromEntries(docs) })) this.#tell(key, value);
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: parquetSchema(schema.fields),
      codec: hasZstd() ? "ZSTD" : "SNAPPY",
      compressors: { ZSTD: zstdCompress },
      kvMetadata: this.#metadata,
      createdBy: `rxbpf ${about.version}`,
    });
  }

  /** Encodes a row group. */
  group({ rows, columns }: Group): Uint8Array {
    void this.#writer.write({ columnData: [...columns], rowGroupSize: rows });
    return this.#take();
  }

  /** Encodes the end of the file. */
  end(lost: ReadonlyMap<string, number>): Uint8Array {
    this.#tell("lost", Object.fromEntries(lost));
    void this.#writer.finish();
    return this.#take();
  }

  #tell(key: string, value: unknown): void {
    this.#metadata.push({ key: `rxbpf.${key}`, value: typeof value === "string" ? value : JSON.stringify(value) });
  }

  #take(): Uint8Array {
    const bytes = this.#bytes.getBytes().slice();
    // Reuses the writer's growing buffer; the writer counts its offset in the file separately.
    this.#bytes.index = 0;
    return bytes;
  }
}
