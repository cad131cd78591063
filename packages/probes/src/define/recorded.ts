import type { EventStream, Fields } from "@rxbpf/core";
import type { CgroupView, Column } from "@rxbpf/core/events";
import { Table } from "@rxbpf/core";
import { byFilter, recordedChoice, type Selector, selectorsOf } from "@rxbpf/filters";

import { common, namedCgroups } from "./common.js";
import { type Options, parseOptions, UsageError, type ValuesOf } from "./options.js";
import { type AnyProbe, describe } from "./probe.js";
import { matcher } from "./selection.js";
import { showOption } from "./show.js";

type Values = Readonly<Record<string, unknown>>;

/** The options that apply to a recording of a probe's output: those that select by its fields, and those that change how it is shown. */
export function recordedOptions(probe: AnyProbe, outputName: string): Options {
  const output = probe.outputs[outputName]!;
  const { fields } = output.schema;
  // What was counted is not in the recording.
  const isLost = (name: string): boolean => output.kind === "table" && name === "where";
  const can = ({ selection }: Options[string]): boolean =>
    selection !== undefined &&
    (selection.matches !== undefined || selection.constants === undefined) &&
    (selection.field === undefined || selection.field in fields);
  return Object.fromEntries(
    Object.entries(probe.optionsOf(outputName)).filter(([name, option]) => can(option) && !isLost(name)),
  );
}

/** Options that apply to recordings of any probes: they ask for cgroups. */
export const cgroupOptions = { cgroup: common.cgroup, ...namedCgroups, show: showOption } as const;

/** What options ask of recordings by their cgroups. */
export interface AskedOfCgroups extends CgroupView {
  /** What chooses cgroups. */
  readonly selectors: readonly Selector[];
}

/** What checked options ask for. */
export function askedOfCgroups(values: ValuesOf<typeof cgroupOptions>): AskedOfCgroups {
  const selectors = byFilter(selectorsOf(values)).cgroup;
  return {
    selectors,
    ...(values.show && { show: values.show }),
    ...(selectors.length > 0 && { inside: (cgroups) => recordedChoice(selectors, cgroups) }),
  };
}

/** What a probe's options ask of a recording of its output. */
export interface AskedOfRecording extends AskedOfCgroups {
  /**
   * Selects the events, or rows of tables, that a live probe would have given with these options, apart from their cgroup;
   * undefined if that is all.
   */
  readonly matches?: (event: unknown) => boolean;
}

/** @throws UsageError for options that are not valid, or whose effect a recording cannot tell */
export function askedOfRecording(probe: AnyProbe, outputName: string, given: Values): AskedOfRecording {
  const output = probe.outputs[outputName]!;
  const options = recordedOptions(probe, outputName);
  const refused = Object.keys(given).filter((option) => !(option in options));
  if (refused.length > 0)
    throw new UsageError(`${refused.join(" ")} cannot be used with a recording; ${Object.keys(options).join(" ")} can`);
  const values = parseOptions(options, given) as Values;
  for (const [name, value] of Object.entries(values)) options[name]!.selection?.checkRecorded?.(value, name);
  const chosen = matcher(options, values);
  const recorded = output.kind === "ring" ? output.recorded?.(values) : undefined;
  return {
    ...askedOfCgroups(values),
    ...((chosen || recorded) && { matches: (event) => (chosen?.(event) ?? true) && (recorded?.(event) ?? true) }),
  };
}

/**
 * A replayed stream, as the probe that recorded it would give it with these options: events, or rows of tables, are selected
 * by their fields and shown as the probe shows them.
 * @param open replays the recording, looked at so
 * @throws UsageError as `askedOfRecording`
 * @throws Error for a stream without the probe's fields
 */
export function recordedBy(
  probe: AnyProbe,
  outputName: string,
  open: (view: CgroupView) => EventStream<unknown>,
  given: Values = {},
): EventStream<unknown> {
  const { name } = probe.definition;
  const output = probe.outputs[outputName];
  if (!output) throw new Error(`Cannot replay it as ${name}: this version does not know its output ${outputName}`);
  const { matches = () => true, show, inside } = askedOfRecording(probe, outputName, given);
  const stream = open({ show, inside });
  const missing = missingFields(output.schema.fields, stream.info.schema.fields);
  if (missing.length > 0) throw new Error(`Cannot replay it as ${name}: the recording has no ${missing.join(" ")}`);
  const values = parseOptions(recordedOptions(probe, outputName), given) as Values;
  const { columns, ...shown } = describe({ definition: probe.definition as never, output }, values);
  const info = { ...stream.info, ...shown, schema: stream.info.schema, columns: columns as () => Column<unknown>[] };
  return stream.mapEvents(info, (event) => {
    if (event instanceof Table) return event.filter(matches);
    return matches(event) ? event : undefined;
  });
}

function missingFields(wanted: Fields, given: Fields): string[] {
  return Object.entries(wanted)
    .filter(([name, { kind, optional }]) => !optional && given[name]?.kind !== kind)
    .map(([name]) => name);
}
