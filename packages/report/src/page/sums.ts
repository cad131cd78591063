import { type Column, isNamed, type NamedColumn, numberAt, type Series } from "./data.js";
import { amount } from "./units.js";

/** What is added up over events: their number, or the values of a field. */
export interface Measure {
  readonly name: string;
  readonly unit: string | undefined;
  /** The weight of an event. Each stands for as many as were left out. */
  readonly weight: (row: number) => number;
  /** A sum as text, marked if it is an estimate. */
  readonly text: (sum: number) => string;
}

/** A measure of a series. @param column the field to add up; undefined to count */
export function measureOf({ every, tables }: Series, column: Column | undefined): Measure {
  const mark = every > 1 ? "≈ " : "";
  const unit = isNamed(column) ? undefined : column?.unit;
  return {
    name: column?.name ?? (tables ? "rows" : "events"),
    unit,
    weight: column ? weightIn(column, every) : () => every,
    text: (sum) => `${mark}${amount(sum, unit)}`,
  };
}

/** What a column says of an event: a number, or how many values a histogram has. */
function weightIn(column: Column, every: number): (row: number) => number {
  if (!isNamed(column)) return (row) => every * numberAt(column, row);
  const { dictionary, values } = column;
  const counts = dictionary.map((value) => ((value ?? []) as readonly number[]).reduce((sum, one) => sum + one, 0));
  return (row) => every * counts[values[row]!]!;
}

/** The sum over some rows. */
export function sumOf(rows: Uint32Array, { weight }: Measure): number {
  let sum = 0;
  for (const row of rows) sum += weight(row);
  return sum;
}

/** The sums by the values of a column, by their index in its dictionary. */
export function sumsBy({ dictionary, values }: NamedColumn, rows: Uint32Array, { weight }: Measure): Float64Array {
  const sums = new Float64Array(dictionary.length);
  for (const row of rows) sums[values[row]!]! += weight(row);
  return sums;
}
