import type { DictionaryValue, PageData } from "../../format.js";
import { type NamedColumn, named } from "../data.js";
import { el } from "../dom.js";
import type { Processes } from "../processes.js";
import { ENOUGH, isTelling, type Roles } from "../roles.js";
import { byFailure, byFolder, byProcess, byValue, type Chosen, folderOf, type Selection } from "../selection.js";
import { type Measure, sumsBy } from "../sums.js";
import { type Entry, listOf } from "./list.js";

/** Lists of who and what did most: by command, process, cgroup, folder, address, error, and whatever else events name. */
export function lists(
  chosen: Chosen,
  roles: Roles,
  measure: Measure,
  page: PageData,
  processes: Processes,
  selection: Selection,
): readonly HTMLElement[] {
  const { series, rows } = chosen;
  const show = (title: string, doc: string, entries: readonly Entry[]): HTMLElement =>
    listOf(title, doc, entries, measure, selection);
  const by = (column: NamedColumn, label: (value: DictionaryValue) => string = labelOf): readonly Entry[] => {
    const sums = sumsBy(column, rows, measure);
    return column.dictionary.map((value, id) => {
      const text = label(value);
      return { label: text, sum: sums[id]!, filter: byValue(column.name, value, text) };
    });
  };
  const [comm, ...others] = roles.lists;
  const found: (HTMLElement | undefined)[] = [comm && show(titleOf(comm), comm.doc, by(comm))];
  const execId = named(series, "execId");
  if (execId && isTelling(execId))
    found.push(show("process", "the program in one process", byPrograms(execId, chosen, measure, processes)));
  const cgroupId = named(series, "cgroupId");
  if (cgroupId) {
    for (const kind of ["container", "pod", "unit"] as const) {
      const entries = named(series, kind) ? [] : byCgroups(cgroupId, kind, chosen, measure, page);
      if (entries.length > 0) found.push(show(kind, `the ${kind} of the process's cgroup`, entries));
    }
    const paths = new Map<DictionaryValue, string>(page.cgroups.map(({ id, path }) => [id, path]));
    if (isTelling(cgroupId))
      found.push(
        show(
          "cgroup",
          cgroupId.doc,
          by(cgroupId, (id) => paths.get(id) ?? `id ${labelOf(id)}`),
        ),
      );
  }
  if (roles.result) found.push(failures(roles.result, chosen, measure, page, selection));
  for (const column of roles.paths) {
    const isFew = column.dictionary.length < ENOUGH;
    const [title, entries] = isFew
      ? [titleOf(column), by(column)]
      : [`folder of ${titleOf(column)}`, byFolders(column, chosen, measure)];
    found.push(show(title, column.doc, entries));
  }
  for (const column of others) found.push(show(titleOf(column), column.doc, by(column)));
  return found.filter((one) => one !== undefined);
}

function titleOf({ name }: NamedColumn): string {
  return name === "comm" ? "command" : name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

function labelOf(value: DictionaryValue): string {
  return value === null ? "(none)" : value === "" ? "(empty)" : String(value);
}

function byPrograms(execId: NamedColumn, { rows }: Chosen, measure: Measure, processes: Processes): readonly Entry[] {
  const sums = sumsBy(execId, rows, measure);
  return execId.dictionary.flatMap((id, at) => {
    const process = processes.get(id as number);
    return process ? [{ label: `${process.comm} ${process.pid}`, sum: sums[at]!, filter: byProcess(process) }] : [];
  });
}

/** By what the recording calls the cgroups: several can be of one container. */
function byCgroups(
  cgroupId: NamedColumn,
  kind: "container" | "pod" | "unit",
  { rows }: Chosen,
  measure: Measure,
  page: PageData,
): readonly Entry[] {
  const names = new Map<DictionaryValue, string | undefined>(page.cgroups.map((one) => [one.id, one[kind]]));
  const sums = new Map<string, number>();
  sumsBy(cgroupId, rows, measure).forEach((sum, at) => {
    const name = names.get(cgroupId.dictionary[at]!);
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + sum);
  });
  return [...sums].map(([label, sum]) => {
    const accepts = (id: DictionaryValue): boolean => names.get(id) === label;
    return { label, sum, filter: { name: `${kind}: ${label}`, fields: [{ name: "cgroupId", accepts }] } };
  });
}

function byFolders(column: NamedColumn, { rows }: Chosen, measure: Measure): readonly Entry[] {
  const sums = sumsBy(column, rows, measure);
  const folders = new Map<string, number>();
  column.dictionary.forEach((path, id) => {
    const sum = sums[id]!;
    const folder = sum > 0 ? folderOf(String(path ?? "")) : "";
    if (folder) folders.set(folder, (folders.get(folder) ?? 0) + sum);
  });
  return [...folders].map(([label, sum]) => ({ label, sum, filter: byFolder(column.name, label) }));
}

/** What failed and why. Errors alone: what succeeded is no failure. */
function failures(
  column: NamedColumn,
  { rows }: Chosen,
  measure: Measure,
  page: PageData,
  selection: Selection,
): HTMLElement {
  const names = new Map(page.errors);
  const sums = sumsBy(column, rows, measure);
  const entries = column.dictionary.flatMap((value, id): Entry[] => {
    if (typeof value !== "number" || value >= 0) return [];
    const label = names.get(-value) ?? `error ${-value}`;
    return [{ label, sum: sums[id]!, filter: byValue(column.name, value, label) }];
  });
  const card = listOf("failures", column.doc, entries, measure, selection);
  const filter = byFailure(column.name);
  const only = el(
    "button",
    { class: "plain", "aria-pressed": String(selection.has(filter.name)), "data-key": "failures" },
    "only failures",
  );
  only.addEventListener("click", () => selection.toggle(filter));
  card.querySelector("h3")!.append(" ", only);
  return card;
}
