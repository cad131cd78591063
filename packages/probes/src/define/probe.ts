import { EventStream, type Fields, type StreamInfo, type Table, type TablePart } from "@rxbpf/core";
import { conflictIn, MachineIds } from "@rxbpf/filters";
import { timer } from "rxjs";

import { common, ringOptions, tableOptions } from "./common.js";
import { predicateOf, where } from "./conditions.js";
import type { Definition, List } from "./definition.js";
import { aroundCommand } from "./exec.js";
import { machineValues, type Options, parseOptions, UsageError, type ValuesOf } from "./options.js";
import { type Output, outputMakers, type Outputs, type StreamOf, type TableOutput, type Whatever } from "./outputs.js";
import { matcher } from "./selection.js";
import { canShow, checkShow, namedNow, noShowOption, shownColumns, showOption, withShown } from "./show.js";
import { type Asked, mapsOf, ringSize, sourceFor } from "./source.js";
import { heatMapOf } from "./table-text.js";
import { clockTime } from "./times.js";

/** The options of an output: the probe's own, and those of its kind of output. */
export type OutputOptions<O extends Options, T> = Omit<
  ValuesOf<typeof common> &
    ValuesOf<T extends TableOutput<Whatever, Whatever> ? typeof tableOptions : typeof ringOptions> &
    ValuesOf<{ readonly show: CanShow<T> extends true ? typeof showOption : typeof noShowOption }>,
  keyof O
> &
  ValuesOf<O>;

/** Whether the rows of an output have a cgroup. Every event has one. */
type CanShow<T> =
  T extends TableOutput<Whatever, infer R> ? (R extends { readonly cgroupId: number } ? true : false) : true;

/** The options of a definition's main output, as a caller gives them. */
export type GivenTo<D> = D extends Definition<infer O, infer P, infer M> ? OutputOptions<O, P[M]> : never;

/** The probe of a definition. Its options and events have named types, so that type errors stay short. */
export type ProbeOf<D, G extends object, E> =
  D extends Definition<infer O, infer P, infer M> ? Probe<O, P, M, G, EventStream<E>> : never;

/** A probe: call it with options for a stream of its main output; its other outputs are its methods. */
export type Probe<
  O extends Options,
  P extends Outputs,
  M extends keyof P & string,
  G extends object = OutputOptions<O, P[M]>,
  S = StreamOf<P[M]>,
> = {
  /**
   * @throws UsageError for options that are not valid. If a run lacks something (privileges, a kernel that accepts the
   * program, a set that it was given), the stream fails with an error when it is subscribed to.
   */
  (options?: G): S;
  readonly definition: Omit<Definition<O, P, M>, "outputs">;
  /** Its outputs, the main one among them. */
  readonly outputs: P;
  /** The options of an output: the probe's own, and those of its kind. */
  optionsOf(output: keyof P): Options;
} & {
  readonly [K in Exclude<keyof P, M>]: (options?: OutputOptions<O, P[K]>) => StreamOf<P[K]>;
};

/** Types the definition of a probe, which `probe` takes. */
export function define<O extends Options, P extends Outputs, M extends keyof P & string>(
  definition: Definition<O, P, M>,
): Definition<O, P, M> {
  return definition;
}

/** Makes a probe from its definition. */
export function probe<O extends Options, P extends Outputs, M extends keyof P & string>(
  definition: Definition<O, P, M>,
): Probe<O, P, M> {
  const defined = definition.outputs(outputMakers<ValuesOf<O>>()) as P & Record<string, Output>;
  // A stream has the names of cgroups that it is asked for, and else none.
  const plain = Object.entries<Output>(defined).map(([name, output]) => [name, withShown(output, {})]);
  const outputs = Object.fromEntries(plain) as P & Record<string, Output>;
  const allMaps = [...new Set(Object.values(outputs).flatMap((output) => mapsOf(output)))];
  const unable = Object.values(outputs).some(canShow) ? {} : { show: noShowOption };
  const optionsOf = (name: keyof P): Options => {
    const output = outputs[name]!;
    const kind = output.kind === "ring" ? ringOptions : output.record ? { ...tableOptions, where } : tableOptions;
    // A probe may give one of these a letter or another meaning, or use its letter for an option of its own.
    const letters = new Set(Object.values(definition.options).map(({ short }) => short));
    const shared = { ...common, ...kind, ...(canShow(outputs[name]!) ? { show: showOption } : unable) };
    return { ...definition.options, ...withoutLetters(shared, letters), ...definition.options };
  };
  const streamOf =
    (outputName: keyof P & string) =>
    (given: Readonly<Record<string, unknown>> = {}): EventStream<unknown> =>
      open({ definition, output: defined[outputName]!, outputName, options: optionsOf(outputName), allMaps }, given);

  const others = Object.keys(outputs).filter((name) => name !== definition.main);
  const methods = Object.fromEntries(others.map((name) => [name, streamOf(name)]));
  const made = Object.assign(streamOf(definition.main), { definition, outputs, optionsOf }, methods);
  const named = Object.defineProperty(made, "name", { value: definition.name });
  // How Node's `inspect` shows it.
  Object.defineProperty(named, INSPECT, { value: () => `[Probe ${definition.name}: ${definition.summary}]` });
  return named as unknown as Probe<O, P, M>;
}

/** The options without any of these letters. */
function withoutLetters(options: Options, taken: ReadonlySet<string | undefined>): Options {
  const free = Object.entries(options).map(([name, option]) => {
    const { short, ...rest } = option;
    return [name, short !== undefined && taken.has(short) ? rest : option];
  });
  return Object.fromEntries(free) as Options;
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

type Values = Readonly<Record<string, unknown>>;

/** The stream of an output. @throws UsageError */
function open(unmeasured: Asked, given: Values): EventStream<unknown> {
  const values = parseOptions(unmeasured.options, given) as Values;
  const asked = { ...unmeasured, output: withShown(inUnits(unmeasured.output, values), values) };
  const { definition, output, outputName, options } = asked;
  definition.check?.(values);
  output.check?.(values);
  checkShow(output, values);
  if (output.kind === "ring") ringSize(output, values);
  const conflict = conflictIn(values as ValuesOf<typeof common>);
  if (conflict !== undefined) throw new UsageError(conflict);
  const command = Object.keys(values).find((name) => options[name]?.kind === "command");
  const source =
    command === undefined
      ? sourceFor(asked, values)
      : aroundCommand(values[command] as readonly string[], sourceFor(asked, { ppid: process.pid, ...values }));
  const { already } = output.kind === "ring" ? output : {};
  // Like all events, these have the machine's ids.
  const chosen = (): ((event: unknown) => boolean) | undefined =>
    matcher(options, machineValues(options, values, new MachineIds()));
  const info = {
    ...describe(asked, values),
    options: given,
    output: outputName,
    ...(already && { already: () => namedNow(already(values).filter(chosen() ?? (() => true)), values) }),
  };
  const whole = new EventStream<unknown>(info, source);
  const { where: condition } = values as ValuesOf<typeof ringOptions>;
  const stream = condition === undefined ? whole : whole.where(predicateOf(condition));
  const { duration } = values as ValuesOf<typeof common>;
  return duration === undefined ? stream : stream.until(timer(duration * 1000));
}

/** An output with the units that the options ask for. */
function inUnits<T extends Output>(output: T, values: Values): T {
  const units = output.kind === "table" ? output.units?.(values) : undefined;
  if (output.kind !== "table" || !units) return output;
  const { key, value, ...shape } = output.shape;
  const changed = (fields: Fields): Fields =>
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, name in units ? { ...field, unit: units[name]! } : field]),
    );
  const schema = { ...output.schema, fields: changed(output.schema.fields) };
  return { ...output, schema, shape: { ...shape, key, value: changed(value) } };
}

/** What a stream says of its events, and how they are written, with these options. */
export function describe(
  { definition: { name }, output }: Pick<Asked, "definition" | "output">,
  values: Values,
): Omit<StreamInfo, "options" | "output"> {
  const { schema, banner } = output;
  const columns = () => [...shownColumns(values), ...output.columns(values).filter((column) => !!column)];
  const told = { name, schema, ...(banner && { banner }), columns };
  if (output.kind === "ring") return told;
  const { timestamp, rows: tableRows = output.rows } = values as ValuesOf<typeof tableOptions>;
  const tableText = output.text?.(values);
  const tableHeading = timestamp ? clockTime : output.heading?.(values);
  const parts = output.parts?.(values);
  const histogram = output.heatMap?.(values);
  return {
    ...told,
    tables: true,
    tableInPlace: histogram !== undefined || (output.inPlace?.(values) ?? false),
    ...(parts && { tableParts: (table: Table<never>) => parts(table) as readonly TablePart[] }),
    ...(histogram && { tableHeatMap: heatMapOf(histogram) }),
    ...(tableRows !== undefined && { tableRows }),
    ...(tableText && { tableText }),
    ...(tableHeading && { tableHeading }),
  };
}

/** A probe with any options and outputs. */
export interface AnyProbe {
  (options?: Values): EventStream<unknown>;
  readonly definition: {
    readonly name: string;
    readonly summary: string;
    readonly main: string;
    readonly positional?: readonly string[];
    readonly lists?: Readonly<Record<string, List>>;
    readonly csvLetter?: string;
    readonly options: Options;
  };
  readonly outputs: Readonly<Record<string, Output>>;
  /** The options of an output: the probe's own, and those of its kind. */
  optionsOf(output: string): Options;
}

/** Whether a value is a probe, as `probe` makes them. */
export function isProbe(value: unknown): value is AnyProbe {
  return typeof value === "function" && "definition" in value && "optionsOf" in value;
}

/** Makes the streams of a probe's output. */
export function outputOf(probe: AnyProbe, name: string): (options?: Values) => EventStream<unknown> {
  return name === probe.definition.main ? probe : (probe as unknown as Record<string, never>)[name]!;
}
