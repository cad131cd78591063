import { DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";

/**
 * Runs a query in DuckDB. Returns rows of named values, and the type of each column.
 * @param before statements to run first
 * @param folder the folder of files that are named without a path
 */
export async function queryByDuckDb(
  sql: string,
  { before = "", folder = "." }: { before?: string; folder?: string } = {},
): Promise<{ rows: Record<string, DuckDBValue>[]; types: Record<string, string> }> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    await connection.run(`SET file_search_path = '${folder}'; ${before}`);
    const result = await connection.runAndReadAll(sql);
    const types = result.columnTypes().map((type, i) => [result.columnName(i), String(type)]);
    return { rows: result.getRowObjects(), types: Object.fromEntries(types) as Record<string, string> };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
