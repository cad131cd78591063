/** The longest time that a timer of Node can wait, in milliseconds. */
export const LONGEST_MS = 2 ** 31 - 1;

/** Checks a whole number that an operator was given. @throws RangeError if it is out of range */
export function wholeNumber(name: string, value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} takes a whole number from ${min} to ${max}, not ${String(value)}`);
}
