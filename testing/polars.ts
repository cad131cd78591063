import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The parts of polars that tests use, through its Node binding. It is the strictest reader of Arrow files. */
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

/** Reads an Arrow or Parquet file. @throws Error if it violates the format */
export function readByPolars(path: string): PolarsFrame {
  const bytes = readFileSync(path);
  const isParquet = bytes.subarray(0, 4).equals(Buffer.from("PAR1"));
  return isParquet ? polars.readParquet(bytes, {}, "auto") : polars.readIpc(bytes, {});
}

/** Runs a query in polars. @param tables the Arrow file of each table @throws Error if it refuses the query */
export function queryByPolars(sql: string, tables: Readonly<Record<string, string>>): Record<string, unknown>[] {
  const context = new polars.SqlContext();
  for (const [name, path] of Object.entries(tables)) context.register(name, polars.scanIpc(path, {}));
  const query = context.execute(sql);
  if (query instanceof Error) throw query;
  return query.collectSync("auto").toObjects();
}
