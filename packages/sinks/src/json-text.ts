import { randomUUID } from "node:crypto";

/** Marks the digits of a bigint. Random, so no text from elsewhere can contain it. */
const MARK = `bigint ${randomUUID()} `;
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, "g");

/** A value as one line of JSON. A bigint is written as a whole number; a value that JSON cannot express, as null. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch {
    return JSON.stringify(value, mark).replace(MARKED, "$1");
  }
}

function mark(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${MARK}${value}` : value;
}
