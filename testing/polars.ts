import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** What tests ask of polars, by the binding to its Rust code: the strictest reader of Arrow files. */
export interface PolarsFrame {
  readonly shape: { readonly height: number };
  column(name: string): PolarsSeries;
}
export interface PolarsSeries {
  readonly dtype: unknown;
  toArray(): unknown[];
  toPhysical(): PolarsSeries;
  nanosecond(): PolarsSeries;
}
interface Polars {
  readIpc(file: Buffer, options: object): PolarsFrame;
  readParquet(file: Buffer, options: object, parallel: string): PolarsFrame;
}

const polars = createRequire(import.meta.url)("nodejs-polars-linux-x64-gnu") as Polars;

/** Reads an Arrow file, or a Parquet file. @throws Error where it is not as the format asks */
export function readByPolars(path: string): PolarsFrame {
  const bytes = readFileSync(path);
  const isParquet = bytes.subarray(0, 4).equals(Buffer.from("PAR1"));
  return isParquet ? polars.readParquet(bytes, {}, "auto") : polars.readIpc(bytes, {});
}
