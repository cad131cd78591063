import { getSystemErrorMap } from "node:util";

import type { Field } from "@rxbpf/core";

import { type Gathered, shown } from "./columns.js";
import type { CgroupData, ColumnData, ProcessData, SeriesData } from "./format.js";
import type { Gathering } from "./gather.js";
import { Packer } from "./pack.js";

/** The bytes that a page holds of what was gathered. */
export function pageDataOf(gatherings: readonly Gathering[], version: string): Uint8Array {
  const moments = momentsOf(gatherings);
  const [first, last] = moments.length > 0 ? [Math.min(...moments), Math.max(...moments)] : [0, 0];
  const zero = first;
  const packer = new Packer();
  const columns = gatherings.map((gathering) => gathering.take());
  const occurring = (name: string): ReadonlySet<unknown> =>
    new Set(columns.flatMap((column) => column.get(name)?.dictionary ?? []));
  return packer.take({
    version,
    zero,
    first,
    last,
    series: gatherings.map((gathering, i) => seriesData(gathering, columns[i]!, packer, zero)),
    processes: processesOf(gatherings, occurring("execId"), zero),
    cgroups: cgroupsOf(gatherings, occurring("cgroupId")),
    boots: new Set(gatherings.flatMap(({ series }) => series.map(({ info }) => info.boot))).size,
    errors: errorsOf(occurring(RESULT)),
  });
}

/** The first and the last events. Where there are only tables, the recording's start: they count from there. */
function momentsOf(gatherings: readonly Gathering[]): readonly number[] {
  const some = gatherings.filter(({ first, last }) => last >= first);
  const onlyTables = some.every(({ series }) => series[0].info.tables);
  return some.flatMap(({ first, last, series }) => {
    const start = onlyTables ? Date.parse(series[0].info.started) : NaN;
    return [start < first && first - start < DAY_MS ? start : first, last];
  });
}

/** A clock that was set meanwhile may have made more of it. */
const DAY_MS = 86_400_000;

/** By convention, the field that holds what a call returned, or its negative error number. */
const RESULT = "ret";

function seriesData(
  gathering: Gathering,
  columns: ReadonlyMap<string, Gathered>,
  packer: Packer,
  zero: number,
): SeriesData {
  const { events, kept, every, lost, losses } = gathering;
  const { probe, output, tables } = gathering.series[0].info;
  return {
    probe: shown(probe),
    output: shown(output),
    tables,
    facts: factsOf(gathering),
    events,
    kept,
    every,
    lost: [...lost],
    losses: losses.map(({ time, count }) => [(time - zero) / 1000, count] as const),
    columns: [...columns].map(([name, column]) => columnData(name, gathering.fields[name]!, column, packer, zero)),
  };
}

function columnData(
  name: string,
  { kind, doc, unit, space, scale }: Field<unknown>,
  gathered: Gathered,
  packer: Packer,
  zero: number,
): ColumnData {
  const micros = (time: number): number => Math.round((time - zero) * 1000);
  const isTime = kind === "time";
  return {
    name: shown(name),
    kind,
    doc: shown(doc),
    ...(unit && { unit }),
    ...(space && { space }),
    ...(scale && { bucket: scale === "log2" ? 0 : scale.width }),
    ...(gathered.dictionary
      ? { dictionary: gathered.dictionary, numbers: packer.indices(gathered.numbers, gathered.dictionary.length) }
      : { numbers: isTime ? packer.differences(gathered.numbers.map(micros)) : packer.numbers(gathered.numbers) }),
  };
}

/** What the recordings say about themselves, for people. */
function factsOf({ series, bytes, states, first, last }: Gathering): [name: string, value: string][] {
  const { info } = series[0];
  const all = (name: "host" | "kernel" | "version"): string =>
    [...new Set(series.map(({ info }) => info[name]))].join(", ");
  const span = last >= first ? `${iso(first)} to ${iso(last)}` : "no event";
  return [
    ["host", all("host")],
    ["kernel", all("kernel")],
    ["booted", info.bootTime],
    ["recording started", info.started],
    ["events from", span],
    ["options", JSON.stringify(info.options)],
    ["times", info.clock],
    ["recorded by rxbpf", all("version")],
    ["files", `${series.length}, ${bytes.toLocaleString("en")} bytes`],
    ["state", states.length > 0 ? [...new Set(states)].join("; ") : "whole"],
  ].map(([name, value]) => [name!, shown(value!)]);
}

function iso(time: number): string {
  return Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : String(time);
}

/** The processes of events that the recordings name. */
function processesOf(gatherings: readonly Gathering[], execIds: ReadonlySet<unknown>, zero: number): ProcessData[] {
  const named = new Map<number, ProcessData>();
  for (const { processes } of gatherings.flatMap(({ snapshots }) => snapshots))
    for (const { execId, pid, ppid, comm, args, start } of processes) {
      if (!execIds.has(execId)) continue;
      const command = shown(args.join(" "));
      named.set(execId, { execId, pid, ppid, comm: shown(comm), command, start: (start - zero) / 1000 });
    }
  return [...named.values()];
}

function cgroupsOf(gatherings: readonly Gathering[], ids: ReadonlySet<unknown>): CgroupData[] {
  const named = new Map<number, CgroupData>();
  for (const { cgroups } of gatherings.flatMap(({ snapshots }) => snapshots))
    for (const cgroup of cgroups) if (ids.has(cgroup.id)) named.set(cgroup.id, cgroupData(cgroup));
  return [...named.values()];
}

function cgroupData({ id, path, container, pod, unit }: CgroupData): CgroupData {
  const names = Object.entries({ container, pod, unit }).flatMap(([kind, name]) =>
    typeof name === "string" ? [[kind, shown(name)]] : [],
  );
  return { id, path: shown(path), ...(Object.fromEntries(names) as object) };
}

function errorsOf(results: ReadonlySet<unknown>): [number, string][] {
  const names = getSystemErrorMap();
  return [...results].flatMap((result): [number, string][] => {
    const name = typeof result === "number" && result < 0 ? names.get(result)?.[0] : undefined;
    return name === undefined ? [] : [[-(result as number), name]];
  });
}
