import { Histogram } from "../values/histogram.js";
import type { Fields } from "./field.js";

type Row = Readonly<Record<string, unknown>>;

/** Merges two processors' values of an entry, as its fields say. */
export function merger(fields: Fields): (a: Row, b: Row) => Record<string, unknown> {
  const names = Object.keys(fields);
  const merges = Object.values(fields).map(({ kind, merge }) => {
    if (kind === "histogram") return (a: unknown, b: unknown) => (a as Histogram).plus(b as Histogram);
    if (merge === "greatest") return (a: unknown, b: unknown) => Math.max(Number(a), Number(b));
    // 0 means that there is no value yet.
    if (merge === "least") return (a: unknown, b: unknown) => Math.min(Number(a) || Infinity, Number(b) || Infinity);
    return (a: unknown, b: unknown) => Number(a) + Number(b);
  });
  return (a, b) => Object.fromEntries(names.map((name, i) => [name, merges[i]!(a[name], b[name])]));
}
