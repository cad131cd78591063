import { type Column, isNamed, type NamedColumn, type Series } from "./data.js";
import { isTime } from "./units.js";

/**
 * What the fields of a probe are good for. This follows from their kinds, units and values, so that a new probe gets its
 * page without a line here. Names stand only for what all probes name alike: who did it, and what a call returned.
 */
export interface Roles {
  /** What events can be listed by: commands, addresses, kinds of operations. */
  readonly lists: readonly NamedColumn[];
  /** Paths of files. */
  readonly paths: readonly NamedColumn[];
  /** That of which there are most, if they are enough for a picture. */
  readonly tree: NamedColumn | undefined;
  /** What calls returned; negative numbers are errors. */
  readonly result: NamedColumn | undefined;
  /** How long something took. */
  readonly durations: readonly Column[];
  /** What can be added up instead of counting events; a table's first is what it counts. Of histograms, their counts. */
  readonly measures: readonly Column[];
  readonly histograms: readonly NamedColumn[];
  /** Stacks, the outermost part first. */
  readonly stacks: readonly NamedColumn[];
}

/** The fields of `who` that are not worth a list. */
const WHO: ReadonlySet<string> = new Set(["pid", "tid", "ppid", "execId", "mntnsId", "cpu", "cgroupId"]);
/** By convention, the field that holds what a call returned, or its negative error number. */
const RESULT = "ret";
/** Kinds whose values name nothing, or too much. */
const UNLISTED: ReadonlySet<string> = new Set([
  "time",
  "u32",
  "u64",
  "i64",
  "f64",
  "bytes",
  "json",
  "histogram",
  "stack",
]);

/** From so many paths on, a picture of them says more than a list. */
export const ENOUGH = 24;

/** Finds what the columns of a series are good for. */
export function rolesOf({ columns, tables }: Series): Roles {
  const all = columns.filter(isNamed);
  const own = all.filter((column) => !WHO.has(column.name) && column.name !== RESULT && !UNLISTED.has(column.kind));
  const telling = own.filter((column, i) => {
    return isTelling(column) && !own.slice(0, i).some((other) => tellsSame(column, other));
  });
  const paths = telling.filter(isPath);
  const lists = telling.filter((column) => !paths.includes(column));
  const [tree] = [...paths].sort((a, b) => b.dictionary.length - a.dictionary.length);
  const numbers = columns.filter(({ dictionary, kind }) => !dictionary && kind !== "time");
  const histograms = all.filter(({ kind }) => kind === "histogram");
  const space = (one: NamedColumn): number => (one.space === "kernel" ? 1 : 0);
  return {
    lists: [...lists, ...all.filter(({ name }) => name === "uid").filter(isTelling)],
    paths,
    tree: tree && tree.dictionary.length >= ENOUGH ? tree : undefined,
    result: all.find(({ name, dictionary }) => name === RESULT && dictionary.some((value) => Number(value) < 0)),
    durations: tables ? [] : numbers.filter(({ unit }) => isTime(unit)),
    measures: [...numbers.filter(({ unit }) => tables || unit !== undefined), ...histograms],
    histograms,
    stacks: all.filter(({ kind }) => kind === "stack").sort((a, b) => space(a) - space(b)),
  };
}

/** Whether a list of its values would tell anything: there are several, some more often than others; or it says who or whom. */
export function isTelling({ name, kind, dictionary, values }: NamedColumn): boolean {
  if (name === "comm" || kind === "address") return dictionary.some((value) => value !== "" && value !== null);
  return dictionary.length > 1 && (dictionary.length < values.length || dictionary.length < ENOUGH);
}

/** Whether two columns have the same values, under whatever names: one of them is enough. */
function tellsSame(one: NamedColumn, other: NamedColumn): boolean {
  if (one.dictionary.length === 1 || one.dictionary.length !== other.dictionary.length) return false;
  const otherOf = new Int32Array(one.dictionary.length).fill(-1);
  for (let row = 0; row < one.values.length; row++) {
    const [a, b] = [one.values[row]!, other.values[row]!];
    if (otherOf[a] === -1) otherOf[a] = b;
    else if (otherOf[a] !== b) return false;
  }
  return new Set(otherOf).size === otherOf.length;
}

/** Whether most of a text's values look like paths. */
function isPath({ kind, dictionary }: NamedColumn): boolean {
  if (kind !== "text") return false;
  const texts = dictionary.filter((value) => typeof value === "string" && value !== "") as string[];
  return texts.length > 0 && texts.filter((text) => text.includes("/")).length > texts.length / 2;
}
