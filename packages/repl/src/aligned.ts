/** Rows of words as lines, each column as wide as its widest word. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((word, i) => (i < row.length - 1 ? word.padEnd(widths[i]!) : word)).join("  "));
}
