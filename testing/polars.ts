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
  scanIpc(path: string, options: object): object;
  readonly SqlContext: new () => {
    register(name: string, table: object): void;
    /** An error is returned. */
    execute(sql: string): { collectSync(engine: string): { toObjects(): Record<string, unknown>[] } } | Error;
  };
}

const polars = createRequire(import.meta.url)("nodejs-polars-linux-x64-gnu") as Polars;

/** Reads an Arrow file, or a Parquet file. @throws Error where it is not as the format asks */
export function readByPolars(path: string): PolarsFrame {
  const bytes = readFileSync(path);
  const isParquet = bytes.subarray(0, 4).equals(Buffer.from("PAR1"));
  return isParquet ? polars.readParquet(bytes, {}, "auto") : polars.readIpc(bytes, {});
}

/** What a query gives in polars. @param tables the Arrow file of each table @throws Error where it refuses the query */
export function queryByPolars(sql: string, tables: Readonly<Record<string, string>>): Record<string, unknown>[] {
  const context = new polars.SqlContext();
  for (const [name, path] of Object.entries(tables)) context.register(name, polars.scanIpc(path, {}));
  const query = context.execute(sql);
  if (query instanceof Error) throw query;
  return query.collectSync("auto").toObjects();
}
