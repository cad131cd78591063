// Numbers as people read them.

const STEPS = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
] as const;

/** A count: exact below a million, then with three digits. */
export function count(value: number): string {
  return Math.abs(value) < 1e6 ? round(value).toLocaleString("en") : short(value);
}

/** A number with at most three digits, and k, M or G. */
export function short(value: number): string {
  const [step, letter] = STEPS.find(([step]) => Math.abs(value) >= step) ?? [1, ""];
  return `${Number((value / step).toPrecision(3)).toLocaleString("en")}${letter}`;
}

function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(3));
}

/** How many seconds a unit of time has. */
const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1 };

/** Whether a unit is one of time. */
export function isTime(unit: string | undefined): boolean {
  return unit !== undefined && unit in SECONDS;
}

/** An amount of something that is measured in a unit; a count if it has none. */
export function amount(value: number, unit: string | undefined): string {
  if (unit === undefined) return count(value);
  const seconds = SECONDS[unit];
  if (seconds !== undefined) return duration(value * seconds);
  return `${short(unit === "kB" ? value * 1000 : value)}B`;
}

const TIMES = [
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
] as const;

/** A duration, with three digits. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size >= 60) return `${Math.floor(size / 60)} min ${Math.round(size % 60)} s`;
  const [step, unit] = TIMES.find(([step]) => size >= step) ?? [1e-9, "ns"];
  return `${Number((seconds / step).toPrecision(3))} ${unit}`;
}

/** A moment, in seconds from the page's first, to the microsecond. */
export function moment(seconds: number): string {
  return `${seconds.toFixed(6)} s`;
}

/** A share, in percent. */
export function percent(part: number, whole: number): string {
  const share = whole > 0 ? (100 * part) / whole : 0;
  if (share > 0 && share < 0.1) return "<0.1 %";
  return `${share.toFixed(share < 10 ? 1 : 0)} %`;
}

/** A whole number with all its digits. */
export function exact(value: number): string {
  return Math.round(value).toLocaleString("en");
}
