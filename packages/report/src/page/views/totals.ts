import { named, type Page } from "../data.js";
import { el } from "../dom.js";
import type { Roles } from "../roles.js";
import type { Chosen } from "../selection.js";
import { exact } from "../units.js";

/** The numbers at the top: of each series, of failures, of programs, and of what was lost. */
export function totals({ series }: Page, chosen: readonly Chosen[], roles: readonly Roles[]): readonly HTMLElement[] {
  const parts = chosen.map(({ series, rows }): [string, string] => {
    const isAll = rows.length === series.kept;
    // Of all events the exact number is known, even if the page does not have all.
    const mark = series.every > 1 && !isAll ? "≈ " : "";
    return [series.name, mark + exact(isAll ? series.events : rows.length * series.every)];
  });
  const failed = chosen.flatMap(({ series, rows }, i): [string, string][] => {
    const column = roles[i]!.result;
    if (!column) return [];
    const isError = column.dictionary.map((value) => Number(value) < 0);
    let sum = 0;
    for (const row of rows) if (isError[column.values[row]!]) sum += series.every;
    return [[`${series.name} failed`, (series.every > 1 ? "≈ " : "") + exact(sum)]];
  });
  const programs = programsIn(chosen);
  const lost = series.reduce((sum, one) => sum + one.lost.reduce((sum, [, count]) => sum + count, 0), 0);
  return [
    ...parts,
    ...failed,
    ...(programs > 0 ? [["programs", exact(programs)] as const] : []),
    ["lost", exact(lost)] as const,
  ].map(([name, value]) =>
    el(
      "div",
      { class: name === "lost" && lost > 0 ? "bad" : undefined, "data-total": name },
      el("dt", {}, name),
      el("dd", {}, value),
    ),
  );
}

function programsIn(chosen: readonly Chosen[]): number {
  const seen = new Set<unknown>();
  for (const { series, rows } of chosen) {
    const column = named(series, "execId");
    if (!column) continue;
    const found = new Uint8Array(column.dictionary.length);
    for (const row of rows) found[column.values[row]!] = 1;
    found.forEach((isThere, id) => isThere && seen.add(column.dictionary[id]));
  }
  return seen.size;
}
