import { inspect } from "node:util";

import type { Constant } from "@rxbpf/core/bpf";
import type { MachineIds, OneOrMore } from "@rxbpf/filters";

/**
 * Options of probes. One description of an option gives its TypeScript type, its command-line flag, its line of help and
 * the check of its value.
 */

/** How an option is given on the command line. One of kind `object` can only be given in a program. */
export type OptionKind = "flag" | "integer" | "time" | "text" | "list" | "user" | "command" | "object";

/** An option whose value is a `T`. */
export interface Option<T> {
  readonly kind: OptionKind;
  /** What it does, in a few words, for `--help`. */
  readonly help: string;
  /** The one-letter flag. */
  readonly short?: string;
  /** The long flag, if it is not the option's name with dashes. */
  readonly long?: string;
  /** Another long flag, of BCC's tool. */
  readonly alias?: string;
  /** What its value is called in `--help`. */
  readonly value?: string;
  /** The possible values, if they can be listed: for completion. */
  readonly choices?: () => readonly string[];
  /** Checks a value, from a caller or from the command line. @throws UsageError */
  readonly parse: (given: unknown, name: string) => T;
  /** Which events it selects, or `{}` if it only changes how they are shown; undefined if it applies to live runs only. */
  readonly selection?: Selection<T>;
  /** Translates ids of this process's namespaces to the machine's ids, which events have. */
  machine?(value: T, ids: MachineIds): T;
}

/** Which events an option selects. */
export interface Selection<T> {
  /** The program's constants that make the kernel select them; none where it selects by other means. */
  constants?(value: T, ids: MachineIds): Readonly<Record<string, Constant>>;
  /** Checks a value that is to select among recorded events. @throws UsageError for one that only a running machine can tell */
  checkRecorded?(value: T, name: string): void;
  /** The field that `matches` reads: the option does not apply to a recording without that field. */
  readonly field?: string;
  /** Whether an event, or a row of a table, is selected; `options` are all options that were given. */
  matches?(value: T, event: never, options: never): boolean;
  /** Whether selected events can come from a running process; undefined if only an event can tell. If not given, any process. */
  processes?(value: T, process: Process): boolean | undefined;
}

/** A process, with the machine's ids. */
export interface Process {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
}

/** Options by name. */
export type Options = Readonly<Record<string, Option<unknown>>>;
/** The values that a caller passes for options. All are optional. */
export type ValuesOf<O extends Options> = { readonly [K in keyof O]?: O[K] extends Option<infer T> ? T : never };

/** Options that are not valid as given. The command line then ends with status 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

interface Flag {
  readonly short?: string;
  readonly long?: string;
}
interface Valued extends Flag {
  readonly value: string;
}

/** On or off. */
export function flag(help: string, names: Flag = {}): Option<boolean> {
  return {
    kind: "flag",
    help,
    ...names,
    parse: (given, name) => {
      if (typeof given !== "boolean") throw new UsageError(`${name} takes true or false`);
      return given;
    },
  };
}

/** A whole number between `min` and `max`. */
export function integer(
  help: string,
  { min = 0, max = 2 ** 32 - 1, ...names }: Valued & { min?: number; max?: number },
): Option<number> {
  return {
    kind: "integer",
    help,
    ...names,
    parse: (given, name) => {
      const number = typeof given === "string" && /^\d+$/.test(given) ? Number(given) : given;
      if (typeof number !== "number" || !Number.isInteger(number) || number < min || number > max)
        throw new UsageError(`${name} takes a whole number from ${min} to ${max}, not ${show(given)}`);
      return number;
    },
  };
}

/** Units of time, in seconds. */
const UNITS = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * A span of time: a number, possibly with a fraction, or a text, possibly with a unit: `0.5`, `500ms`, `2m`.
 * @param unit the unit of a number, and of a text that names none
 */
export function timeSpan(
  help: string,
  { unit, min, max, ...names }: Valued & { unit: "s" | "us"; min: number; max: number },
): Option<number> {
  return {
    kind: "time",
    help,
    ...names,
    parse: (given, name) => {
      const span = typeof given === "string" ? spanOf(given, unit) : given;
      if (typeof span !== "number" || !(span >= min && span <= max))
        throw new UsageError(
          `${name} takes a time from ${min} to ${max} ${WORDS[unit]}, or with a unit such as 500ms or 2m, not ${show(given)}`,
        );
      return span;
    },
  };
}

const WORDS = { s: "seconds", us: "microseconds" } as const;

function spanOf(text: string, base: keyof typeof UNITS): number | undefined {
  const [, number, unit = base] = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|ms|s|m|h|d)?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  // By powers of ten where possible, which is exact.
  const factor = UNITS[unit as keyof typeof UNITS] / UNITS[base];
  return factor < 1 ? Number(number) / Math.round(1 / factor) : Number(number) * Math.round(factor);
}

/** Ids of processes, as this process's pid namespace has them. Of a recording: as its events have them. */
export function processIds(help: string, names: Valued): Option<OneOrMore<number>> {
  return { ...oneOrMore(integer(help, { min: 1, ...names }), ","), machine: (pids, ids) => ids.processes(all(pids)) };
}

/** Ids of threads, likewise. */
export function threadIds(help: string, names: Valued): Option<OneOrMore<number>> {
  return { ...oneOrMore(integer(help, { min: 1, ...names }), ","), machine: (tids, ids) => ids.threads(all(tids)) };
}

/** As many as filters of bpf/include/filter.bpf.h can have. */
const MOST_VALUES = 64;

/**
 * The same option for one value or several; the flag can be repeated.
 * @param separator what stands between several in one text
 */
export function oneOrMore<T extends number | string>(option: Option<T>, separator?: string): Option<OneOrMore<T>> {
  return {
    ...option,
    kind: "list",
    parse(given, name) {
      const texts = typeof given === "string" && separator !== undefined ? given.split(separator) : given;
      if (!Array.isArray(texts)) return option.parse(given, name);
      if (texts.length === 0 || texts.length > MOST_VALUES)
        throw new UsageError(`${name} takes 1 to ${MOST_VALUES} values, not ${texts.length}`);
      const values = texts.map((one) => option.parse(one, name));
      return values.length === 1 ? values[0]! : values;
    },
  };
}

/** Those of an option that takes one or more. */
export function all<T extends number | string>(values: OneOrMore<T>): readonly T[] {
  return typeof values === "object" ? values : [values];
}

/** A string of at most `mostBytes` bytes. */
export function text(
  help: string,
  { mostBytes = Infinity, ...names }: Valued & { readonly mostBytes?: number },
): Option<string> {
  return {
    kind: "text",
    help,
    ...names,
    parse: (given, name) => {
      if (typeof given !== "string" || given === "")
        throw new UsageError(`${name} takes a string that is not empty, not ${show(given)}`);
      if (Buffer.byteLength(given) > mostBytes) throw new UsageError(`${name} takes at most ${mostBytes} bytes`);
      return given;
    },
  };
}

/** Whether a value is the wanted one; true if none is wanted. */
export function isWanted<T>(only: T | undefined, value: T): boolean {
  return only === undefined || value === only;
}

/** A regular expression, given as its source or as a RegExp. */
export function pattern(help: string, names: Valued): Option<RegExp> {
  return {
    kind: "text",
    help,
    ...names,
    parse: (given, name) => {
      if (given instanceof RegExp) return given;
      try {
        return new RegExp(String(given), "u");
      } catch (cause) {
        throw new UsageError(`${name} takes a regular expression: ${(cause as Error).message}`, { cause });
      }
    },
  };
}

/** Strings; the flag can be repeated. `allowed` lists the possible values. */
export function list<const A extends string = string>(
  help: string,
  { allowed, ...names }: Valued & { allowed?: readonly A[] },
): Option<readonly A[]> {
  return {
    kind: "list",
    help,
    ...names,
    ...(allowed && { choices: () => allowed }),
    parse: (given, name) => {
      const values: unknown[] = Array.isArray(given) ? given : [given];
      for (const value of values) {
        if (typeof value !== "string" || (allowed && !allowed.includes(value as A)))
          throw new UsageError(
            `${name} takes ${allowed ? `one of ${allowed.join(" ")}` : "strings"}, not ${show(value)}`,
          );
      }
      return values as A[];
    },
  };
}

/** A command and its arguments; on the command line, everything after the flag. */
export function command(help: string, names: Valued): Option<readonly string[]> {
  return {
    kind: "command",
    help,
    ...names,
    parse: (given, name) => {
      if (!Array.isArray(given) || given.length === 0 || given.some((part) => typeof part !== "string"))
        throw new UsageError(`${name} takes a command`);
      return given as string[];
    },
  };
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : inspect(value);
}

/**
 * Checks what a caller passed against the options.
 * @throws UsageError for an unknown option or a value that does not fit
 */
export function parseOptions<O extends Options>(options: O, given: Readonly<Record<string, unknown>>): ValuesOf<O> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) throw new UsageError(`There is no option ${name}; the options are ${Object.keys(options).join(" ")}`);
    if (value !== undefined) values[name] = option.parse(value, name);
  }
  return values as ValuesOf<O>;
}

/** Values with the machine's ids in place of those of this process's namespaces. @throws Error for an id that nothing running has */
export function machineValues<V extends object>(options: Options, values: V, ids: MachineIds): V {
  const entries = Object.entries(values).map(([name, value]) => {
    const option = options[name];
    return [name, option?.machine && value !== undefined ? option.machine(value, ids) : value];
  });
  return Object.fromEntries(entries) as V;
}
