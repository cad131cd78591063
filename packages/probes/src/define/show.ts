import type { RunOptions } from "@rxbpf/core/bpf";
import {
  type Column,
  column,
  type FindCgroup,
  lackingNames,
  type NamedRow,
  nameIn,
  SHOWN_NAMES,
  showingNames,
  type ShownName,
} from "@rxbpf/core/events";
import { cgroupsNow, NamedCgroups } from "@rxbpf/filters";

import { list, type Option, UsageError } from "./options.js";
import type { Output, Shown } from "./outputs.js";
import { showing } from "./selection.js";

/** Their columns. */
const COLUMNS: Readonly<Record<ShownName, string>> = {
  container: "%-16s ",
  unit: "%-24s ",
  pod: "%-24s ",
  cgroup: "%-40s ",
};

const words = list("show NAMES in columns before all others: container, unit, pod, cgroup", {
  value: "NAMES",
  allowed: SHOWN_NAMES,
});

/** The option of every output whose rows have the cgroup of a process. */
export const showOption: Option<readonly ShownName[]> = showing({
  ...words,
  parse: (given, name) => {
    const parts = (Array.isArray(given) ? given : [given]).flatMap((one) =>
      typeof one === "string" ? one.split(",") : [one],
    );
    return words.parse([...new Set(parts)], name);
  },
});

/** In its place where no output of a probe has such rows. */
export const noShowOption: Option<never> = showing({
  kind: "list",
  value: "NAMES",
  help: "not here: no row belongs to a process",
  parse: (_, name) => {
    throw new UsageError(`${name} shows the names of processes' cgroups, and no row belongs to a process here`);
  },
});

/** Whether the rows of an output can show the names of their cgroups. */
export function canShow({ schema }: Output): boolean {
  return "cgroupId" in schema.fields;
}

/** @throws UsageError if rows belong to a process only with an option that is not given */
export function checkShow(output: Output, options: Shown & Readonly<Record<string, unknown>>): void {
  const { ofProcessWith = [] } = output.kind === "table" ? output : {};
  if (!options.show || ofProcessWith.length === 0 || ofProcessWith.some((name) => options[name])) return;
  throw new UsageError(`show goes with ${ofProcessWith.join(" or ")}: without, no row belongs to a process`);
}

/** An output with the names that the options ask for and no others. @param find gives them, for a run */
export function withShown<T extends Output>(output: T, { show = [] }: Shown, find?: FindCgroup): T {
  const schema = { ...output.schema, fields: showingNames(output.schema.fields, show, find) };
  if (output.kind === "ring") return { ...output, schema };
  return { ...output, schema, shape: { ...output.shape, key: showingNames(output.shape.key, show, find) } };
}

/** The cgroups of a run whose names are shown. Nothing is loaded if none are. */
export class ShownCgroups {
  readonly #isShown: boolean;
  #named: NamedCgroups | undefined;

  constructor({ show = [] }: Shown) {
    this.#isShown = show.length > 0;
  }

  readonly find: FindCgroup = (id) => this.#named?.of(id);

  /** Of a run that has begun: what a person should know. */
  get notices(): readonly string[] {
    return this.#named?.notice === undefined ? [] : [this.#named.notice];
  }

  /** Begins, and adds to the options of a run that it ends with the run. @throws as NamedCgroups */
  during(options: RunOptions): RunOptions {
    if (!this.#isShown) return options;
    try {
      this.#named = new NamedCgroups();
    } catch (error) {
      options.close?.(false);
      throw error;
    }
    return {
      ...options,
      close: (started) => {
        this.#named?.close();
        options.close?.(started);
      },
    };
  }
}

/** Rows that no program gave, with the names that the options ask for, as far as their cgroups are there now. */
export function namedNow(rows: readonly unknown[], { show = [] }: Shown): readonly unknown[] {
  if (show.length === 0) return rows;
  const cgroups = cgroupsNow();
  const names = lackingNames({}, show);
  return rows.map((row) => {
    const cgroup = cgroups.get((row as { readonly cgroupId: number }).cgroupId);
    return { ...(row as object), ...Object.fromEntries(names.map(({ field, of }) => [field, cgroup && of(cgroup)])) };
  });
}

/** The columns that the options ask for. They stand before those of the output, whose last one is often as wide as its text. */
export function shownColumns({ show = [] }: Shown): Column<never>[] {
  return show.map((name) => column<NamedRow>(name.toUpperCase(), COLUMNS[name], (row) => cell(row, name)));
}

/** The names that the options ask for, for text without columns, as their words and values. */
export function shownNames({ show = [] }: Shown): (row: NamedRow) => readonly (readonly [ShownName, string])[] {
  return (row) => show.map((name) => [name, cell(row, name)]);
}

/** The same as the end of a line. */
export function shownText(options: Shown): (row: NamedRow) => string {
  const names = shownNames(options);
  return (row) =>
    names(row)
      .map(([name, text]) => `, ${name} = ${text}`)
      .join("");
}

/** A container without a name is told by as much of its id as its engine shows. */
function cell(row: NamedRow, name: ShownName): string {
  const text = nameIn(row, name) ?? "-";
  return name === "container" && /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}
