import { readFileSync } from "node:fs";

import type { Narrowed } from "@rxbpf/compile";
import { Table } from "@rxbpf/core";
import { type ObjectSpec, requireCapabilities, ring, type RunOptions, sourceOf, table } from "@rxbpf/core/bpf";
import { mapEvents, type Source } from "@rxbpf/core/events";
import { filterOptions, MachineIds } from "@rxbpf/filters";

import type { common, ringOptions, tableOptions } from "./common.js";
import { withConditions } from "./conditions.js";
import type { Definition } from "./definition.js";
import { machineValues, type Options, UsageError, type ValuesOf } from "./options.js";
import type { Output, TableOutput, Whatever } from "./outputs.js";
import { chosenHere, constantsOf, matcher } from "./selection.js";
import { ShownCgroups, withShown } from "./show.js";
import { whyNone } from "./why-none.js";

type Values = Readonly<Record<string, unknown>>;

const IDS_DIFFER = "this is a pid namespace: events have the machine's process ids, not those that ps shows here";

/** The names that `RING` and `TABLE` of bpf/include give to an output's programs and maps. */
export function mapsOf(output: Output): readonly string[] {
  return output.kind === "ring" ? ring(output.map, output.schema).maps : table(output.map, output.shape).maps;
}

/** An output of a probe, of which a stream was asked for. */
export interface Asked {
  readonly definition: Omit<Definition<Whatever, Whatever, string>, "outputs">;
  readonly output: Output;
  readonly outputName: string;
  readonly options: Options;
  /** The maps of all outputs. */
  readonly allMaps: readonly string[];
}

/** The default interval between the columns of a heat map. */
const HEAT_MAP_SECONDS = 1;

/** The source of an output, which takes conditions if the program makes records of it. */
export function sourceFor(asked: Asked, values: Values): Source<unknown> {
  const { name } = asked.definition;
  const object = (): Uint8Array => readFileSync(new URL(`../../bpf/${name}.bpf.o`, import.meta.url));
  const schema = asked.output.kind === "ring" ? asked.output.schema : asked.output.record;
  const make = (narrowed?: Narrowed): Source<unknown> => narrowedSource(asked, values, object, narrowed);
  return schema ? withConditions({ name, schema, object }, make) : make();
}

/** The source of an output, with conditions that are compiled, if there are any. */
function narrowedSource(
  { definition, output, options, allMaps }: Asked,
  values: Values,
  object: () => Uint8Array,
  narrowed: Narrowed | undefined,
): Source<unknown> {
  const spec: ObjectSpec = {
    name: definition.name,
    bytes: () => narrowed?.object ?? object(),
    variants: definition.variants(values),
  };
  const own = mapsOf(output);
  const prepare = (cgroups: ShownCgroups): RunOptions => {
    // Before what needs them for less.
    requireCapabilities(`load ${definition.name}`);
    const { includeSelf } = values as ValuesOf<typeof common>;
    const ids = new MachineIds();
    const self = includeSelf ? 0 : ids.process(process.pid);
    const machine = machineValues(options, values, ids);
    const constants = constantsOf(options, machine, ids);
    const filters = filterOptions(values as ValuesOf<typeof common>, ids, output.kind);
    const ended = ids.watch();
    const notices = [
      ...(ids.differ ? [IDS_DIFFER] : []),
      ...ids.absent.map((one) => `there is no ${one}, so none of its events will show`),
      ...(filters.notices ?? []),
    ];
    return {
      ...cgroups.during(filters),
      whenIdle: () => whyNone(options, values, filters.whenIdle?.(), ended()),
      notices: [...notices, ...cgroups.notices, ...(narrowed?.notices ?? [])],
      constants: {
        ...constants,
        ...definition.constants?.(machine),
        ...output.constants,
        ...filters.constants,
        ...narrowed?.constants,
        self_pid: self,
      },
      leaveOut: [...(filters.leaveOut ?? []), ...allMaps.filter((map) => !own.includes(map))],
      ...sizes(output, values),
    };
  };
  const left = narrowed?.left ?? [];
  return (receiver) => {
    const cgroups = new ShownCgroups(values);
    const shown = withShown(output, values, cgroups.find);
    const start = (): RunOptions => prepare(cgroups);
    if (shown.kind === "table") {
      if (left.length > 0)
        throw new Error(`Cannot count with this condition: ${narrowed!.notices[0]?.replace("where: ", "")}`);
      const every = shown.every ?? (shown.heatMap?.(values) ? HEAT_MAP_SECONDS : undefined);
      const { interval = every, tables } = values as ValuesOf<typeof tableOptions>;
      const everyMs = interval === undefined ? undefined : interval * 1000;
      const read = sourceOf(spec, table(shown.map, shown.shape, { everyMs, count: tables }), start);
      return mapEvents(read, arranged(shown, values))(receiver);
    }
    const mapping = shown.mapEvents?.(values);
    const chosen = matcher(chosenHere(options), values);
    const tests = [...(chosen ? [chosen] : []), ...(left as readonly ((event: unknown) => unknown)[])];
    const read = sourceOf<unknown>(spec, ring(shown.map, shown.schema, mapping?.side), start);
    const mapped = mapping ? mapEvents(read, mapping.event) : read;
    if (tests.length === 0) return mapped(receiver);
    return mapEvents(mapped, (event) => (tests.every((test) => test(event)) ? event : undefined))(receiver);
  };
}

/** The sizes of an output's maps. */
function sizes(output: Output, values: Values): Pick<RunOptions, "maxEntries" | "perCpu"> {
  if (output.kind === "ring") return { maxEntries: { [output.map]: ringSize(output, values) } };
  const stacks = `${output.map}_stacks`;
  const maps = mapsOf(output).filter((map) => map !== stacks);
  const entries = output.entries?.(values);
  const stackEntries = output.stackEntries?.(values);
  return {
    maxEntries: {
      ...(entries !== undefined && Object.fromEntries(maps.map((map) => [map, entries]))),
      ...(stackEntries !== undefined && { [stacks]: stackEntries }),
    },
    ...(output.perCpu?.(values) && { perCpu: maps }),
  };
}

/** Gives the rows of a table their time, what user space adds to them, and their order. */
function arranged<R>(output: TableOutput<Whatever, R>, values: Values): (table: Table<R>) => Table<R> {
  const change = output.mapRows?.(values) ?? ((row: R) => row);
  const order = output.order?.(values);
  const { rows: most } = values as ValuesOf<typeof tableOptions>;
  return ({ time, rows }) => {
    const changed = rows.flatMap((row) => change({ time, ...row }) ?? []);
    if (order) changed.sort(order);
    return new Table(time, most === undefined ? changed : changed.slice(0, most));
  };
}

/** The size of the ring in bytes. The kernel wants a power of two, in whole pages. @throws UsageError */
export function ringSize(output: { ringBytes?(options: Values): number | undefined }, values: Values): number {
  const size = (values as ValuesOf<typeof ringOptions>).ringBytes ?? output.ringBytes?.(values) ?? 32 * 2 ** 20;
  if ((size & (size - 1)) !== 0) throw new UsageError(`The buffer takes a power of two, not ${size} bytes`);
  return size;
}
