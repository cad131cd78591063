import type { Column, EventStream, Fields } from "@rxbpf/core";

import { UsageError } from "./options.js";
import type { AnyProbe } from "./probe.js";

/**
 * A replayed stream as the probe that it was recorded by would give it with these options: its events are chosen by
 * what is in them, and shown in the probe's columns.
 * @throws UsageError for options that do not fit, or of which a recording does not say what they would have changed
 * @throws Error for a stream without the probe's fields
 */
export function recordedBy(
  probe: AnyProbe,
  stream: EventStream<unknown>,
  given: Readonly<Record<string, unknown>> = {},
): EventStream<unknown> {
  const { name, event, recorded, banner, columns } = probe.definition;
  const missing = missingFields(event.fields, stream.info.schema.fields);
  if (missing.length > 0) throw new Error(`Cannot replay it as ${name}: the recording has no ${missing.join(" ")}`);
  const refused = Object.keys(given).filter((option) => !recorded.options.includes(option));
  if (refused.length > 0)
    throw new UsageError(`${refused.join(" ")} cannot be asked of a recording; ${recorded.options.join(" ")} can`);
  const values = probe.parse(given);
  const matches = recorded.matches(values) as (row: unknown) => boolean;
  return stream.refine(
    {
      ...stream.info,
      ...(banner && { banner }),
      columns: () => columns(values) as readonly Column<unknown>[],
    },
    (row) => (matches(row) ? row : undefined),
  );
}

function missingFields(wanted: Fields, given: Fields): string[] {
  return Object.entries(wanted)
    .filter(([name, { kind, optional }]) => !optional && given[name]?.kind !== kind)
    .map(([name]) => name);
}
