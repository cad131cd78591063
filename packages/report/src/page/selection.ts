import type { DictionaryValue } from "../format.js";
import { type NamedColumn, named, type Series, type Span } from "./data.js";

/** What events must have to be shown: in each series, a value of the first of these fields that it has. */
export interface Filter {
  /** Two filters of the same name are the same. */
  readonly name: string;
  readonly fields: readonly {
    readonly name: string;
    readonly accepts: (value: DictionaryValue) => boolean;
  }[];
}

/** The events of a series that are shown. */
export interface Chosen {
  readonly series: Series;
  /** The rows within the chosen span, and those at any time. */
  readonly rows: Uint32Array;
  readonly anyTime: Uint32Array;
  /** The filters that do not apply, as the series tells none of their fields. */
  readonly without: readonly Filter[];
}

/** The chosen span of time and the chosen filters. All views follow it. */
export class Selection {
  #span: Span | undefined;
  #filters: readonly Filter[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #later: (work: () => void) => unknown;
  #isDue = false;

  /** @param later does some work before the page is shown next */
  constructor(later: (work: () => void) => unknown) {
    this.#later = later;
  }

  get span(): Span | undefined {
    return this.#span;
  }

  get filters(): readonly Filter[] {
    return this.#filters;
  }

  /** Calls a function after changes, once for several in a row. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  chooseSpan(span: Span | undefined): void {
    this.#span = span;
    this.#changed();
  }

  has(name: string): boolean {
    return this.#filters.some((one) => one.name === name);
  }

  /** Adds a filter; removes it if it is there. */
  toggle(filter: Filter): void {
    const others = this.#filters.filter(({ name }) => name !== filter.name);
    this.#filters = others.length < this.#filters.length ? others : [...others, filter];
    this.#changed();
  }

  clear(): void {
    this.#span = undefined;
    this.#filters = [];
    this.#changed();
  }

  /** The events of a series that are shown. */
  of(series: Series): Chosen {
    const tests: { readonly values: ArrayLike<number>; readonly accepted: Uint8Array }[] = [];
    const without: Filter[] = [];
    for (const filter of this.#filters) {
      const field = filter.fields.find(({ name }) => tells(named(series, name)));
      const column = field && named(series, field.name);
      if (!field || !column) without.push(filter);
      else {
        const accepted = Uint8Array.from(column.dictionary, (value) => Number(field.accepts(value)));
        tests.push({ values: column.values, accepted });
      }
    }
    const anyTime = rowsWhere(series.kept, (row) =>
      tests.every(({ values, accepted }) => accepted[values[row]!] === 1),
    );
    return { series, anyTime, rows: this.#within(series, anyTime), without };
  }

  #within({ time }: Series, rows: Uint32Array): Uint32Array {
    const span = this.#span;
    if (!span || !time) return rows;
    return rows.filter((row) => time[row]! >= span.from && time[row]! <= span.to);
  }

  #changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#later(() => {
      this.#isDue = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

/** Whether a field says anything: in the histogram of all threads together, names are empty and ids 0. */
function tells(column: NamedColumn | undefined): boolean {
  return column !== undefined && column.dictionary.some((value) => value !== "" && value !== 0 && value !== null);
}

function rowsWhere(length: number, isChosen: (row: number) => boolean): Uint32Array {
  const rows = new Uint32Array(length);
  let count = 0;
  for (let row = 0; row < length; row++) if (isChosen(row)) rows[count++] = row;
  return rows.subarray(0, count);
}

/** Selects the events that have one value of a field. */
export function byValue(field: string, value: DictionaryValue, label: string): Filter {
  return { name: `${field}: ${label}`, fields: [{ name: field, accepts: (one) => one === value }] };
}

/** Selects the events of one program in one process; in tables that do not know programs, those of the process. */
export function byProcess({ execId, pid, comm }: { execId: number; pid: number; comm: string }): Filter {
  return {
    name: `process: ${comm} ${pid} (${execId})`,
    fields: [
      { name: "execId", accepts: (one) => one === execId },
      { name: "pid", accepts: (one) => one === pid },
    ],
  };
}

/** How many directories of a path make a folder. */
const DEPTH = 3;

/** The folder that a path is in, at most so deep; empty for a name without one. */
export function folderOf(path: string): string {
  const parts = path.split("/").slice(0, -1);
  const isAbsolute = path.startsWith("/");
  return parts.slice(0, isAbsolute ? DEPTH + 1 : DEPTH).join("/") || (isAbsolute ? "/" : "");
}

/** Selects the events with a path in a folder. */
export function byFolder(field: string, folder: string): Filter {
  const accepts = (one: DictionaryValue): boolean => typeof one === "string" && folderOf(one) === folder;
  return { name: `folder of ${field}: ${folder}`, fields: [{ name: field, accepts }] };
}

/** Selects the events that tell of a failure. */
export function byFailure(field: string): Filter {
  return { name: "failed", fields: [{ name: field, accepts: (one) => typeof one === "number" && one < 0 }] };
}
