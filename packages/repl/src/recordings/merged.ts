import { type CgroupView, type Column, column } from "@rxbpf/core/events";
import { type AnyProbe, recordedBy, shownColumns } from "@rxbpf/probes/define";
import { replay, type Series } from "@rxbpf/sinks";

/** Columns for rows of recordings of several probes: names of cgroups, time, probe, and then the columns that each probe shows by itself. */
export function mergedColumns(
  series: readonly Series[],
  probes: ReadonlyMap<string, AnyProbe>,
  view: CgroupView,
): readonly Column<unknown>[] {
  const names = series.map(([{ info }]) => info.probe);
  const width = Math.max(...names.map(({ length }) => length));
  const own = new Map(series.map((parts, i) => [names[i]!, columnsOf(parts, probes.get(names[i]!))]));
  const line = (row: Merged): string => (own.get(row.probe) ?? []).map((one) => one.cell(row)).join("");
  const columns = [
    ...shownColumns(view),
    column<Merged>("TIME", "%-15s ", ({ time = 0 }) => clockTime(time)),
    column<Merged>("PROBE", `%-${width}s `, ({ probe }) => probe),
    { head: "EVENT", cell: line },
  ];
  return columns as readonly Column<unknown>[];
}

/** A row as `replay` gives it for several probes. */
interface Merged {
  readonly probe: string;
  readonly time?: number;
}

/** The probe's own columns; the recording's if its probe is not known here, or its fields differ from the probe's. */
function columnsOf(parts: Series, probe: AnyProbe | undefined): readonly Column<unknown>[] {
  const stream = replay(parts.map(({ path }) => path));
  try {
    const output = stream.info.output ?? probe?.definition.main;
    return (probe && output !== undefined ? recordedBy(probe, output, () => stream) : stream).info.columns();
  } catch {
    return stream.info.columns();
  }
}

/** The local time of day, to the microsecond. */
function clockTime(time: number): string {
  const at = new Date(time);
  const micros = String(Math.floor((time % 1000) * 1000)).padStart(6, "0");
  return Number.isNaN(at.getTime()) ? "" : `${at.toTimeString().slice(0, 8)}.${micros}`;
}
