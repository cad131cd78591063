import { harmless } from "@rxbpf/core";
import { isOfCommand, narrowingOf, type SetFilters } from "@rxbpf/filters";

import type { Options, Selection } from "./options.js";

type Values = Readonly<Record<string, unknown>>;

/**
 * Says why a run may have seen no event: what its options select. Undefined where they select nothing. Where the run
 * itself has started a command, nothing is wrong if that does nothing for a while.
 * @param ofFilters the same of the sets and selectors
 * @param ended what the options select and has ended since: `process 12`
 */
export function whyNone(
  options: Options,
  values: Values,
  ofFilters: string | undefined,
  ended: readonly string[],
): string | undefined {
  const startsCommand = Object.keys(values).some((name) => options[name]?.kind === "command");
  if (startsCommand || isOfCommand(values as SetFilters)) return ofFilters;
  const narrowing = narrowingOf(values as SetFilters);
  const selecting = Object.entries(values).flatMap(([name, value]) => {
    // What filters choose, they tell themselves.
    const isTold = name in narrowing || value === undefined || value === false;
    return isTold || !selects(options[name]?.selection) ? [] : [value === true ? name : `${name} ${wordsOf(value)}`];
  });
  const reasons = [
    ...(selecting.length > 0 ? [`it shows only what has ${selecting.join(" and ")}`] : []),
    ...ended.map((one) => `${one} has ended`),
  ];
  if (reasons.length === 0) return ofFilters;
  return `${ofFilters ?? "no event so far"}${ofFilters ? "; " : ": "}${reasons.join("; ")}`;
}

/** An option that only changes how events are shown has an empty selection. */
function selects(selection: Selection<unknown> | undefined): boolean {
  return selection !== undefined && Object.keys(selection).length > 0;
}

function wordsOf(value: unknown): string {
  return harmless([value].flat().join(" or "));
}
