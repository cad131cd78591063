import { DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";

/** What a query gives in DuckDB: rows of named values, and the type of each column. */
export async function queryByDuckDb(
  sql: string,
): Promise<{ rows: Record<string, DuckDBValue>[]; types: Record<string, string> }> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const result = await connection.runAndReadAll(sql);
    const types = result.columnTypes().map((type, i) => [result.columnName(i), String(type)]);
    return { rows: result.getRowObjects(), types: Object.fromEntries(types) as Record<string, string> };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
