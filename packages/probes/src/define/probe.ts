import { readFileSync } from "node:fs";

import {
  aggregate,
  type Aside,
  type Column,
  EventStream,
  eventTime,
  type Fields,
  type Image,
  type Knob,
  refine,
  type RowOf,
  type Schema,
  type Setting,
  type Source,
  trace,
  type Variant,
} from "@rxbpf/core";
import { MachineIds, narrow } from "@rxbpf/filters";
import { timer } from "rxjs";

import { type Aggregation, type AggregationStreams, type Aggregations, interval } from "./aggregation.js";
import { common } from "./common.js";
import { aroundCommand } from "./exec.js";
import { machineValues, type Options, parseOptions, UsageError, type ValuesOf } from "./options.js";

/** What a probe is; everything else about it follows from this. */
export interface Definition<F extends Fields, O extends Options, E = RowOf<F>, A extends Aggregations = {}> {
  /** The command's name, and that of its program in bpf/. */
  readonly name: string;
  /** What it shows, in a line. */
  readonly summary: string;
  /** The fields of its events. */
  readonly event: Schema<F>;
  readonly options: O;
  /** What must hold between options. @throws UsageError */
  readonly check?: (options: ValuesOf<O>) => void;
  /** The programs to run, in order of preference. */
  readonly variants: (options: ValuesOf<O>) => readonly Variant[];
  /** The program's switches. */
  readonly knobs: (options: ValuesOf<O>) => Readonly<Record<string, Knob>>;
  /** What the kernel cannot decide or know, made anew for each subscription; undefined if nothing. */
  readonly refine?: (options: ValuesOf<O>) => Refinement<RowOf<F>, E> | undefined;
  /** The size of the ring, where an option of its own sets it. */
  readonly ringBytes?: (options: ValuesOf<O>) => number | undefined;
  /** A line that comes before the text table. */
  readonly banner?: string;
  /** The columns of the text table. */
  readonly columns: (options: ValuesOf<O>) => readonly Column<E>[];
  /** What can be asked of events that were recorded. */
  readonly recorded: Recorded<O, E>;
  /** What it can count in the kernel, by the name of the flag that asks for it. */
  readonly aggregations?: A;
}

/** How options are applied to events that were recorded, with or without options. */
interface Recorded<O extends Options, E> {
  /** The options that can be given: those that choose events by what is in them, and those that show them. */
  readonly options: readonly (keyof O & string)[];
  /** Whether an event is one that they choose. */
  readonly matches: (options: ValuesOf<O>) => (event: E) => boolean;
}

/** What becomes of events in user space. */
export interface Refinement<R, E> {
  /** An event as it is delivered; undefined leaves it out. */
  readonly event: (row: R) => E | undefined;
  /** What the program tells beside its events. */
  readonly aside?: Aside;
}

/** The options that a caller of a probe may pass. */
export type ProbeOptions<O extends Options> = ValuesOf<O> & ValuesOf<typeof common>;

/** A probe: call it with options for a stream of its events. */
export type Probe<F extends Fields, O extends Options, E = RowOf<F>, A extends Aggregations = {}> = {
  /**
   * @throws UsageError for options that do not fit. What a run needs and cannot have (privileges, a kernel that
   * accepts the program, the sets that it was given) arrives as the stream's error when it is subscribed to.
   */
  (options?: ProbeOptions<O>): EventStream<E>;
  readonly definition: Definition<F, O, E, A>;
  /** All its options, its own and those that every probe has. */
  readonly options: Options;
  /** Checks options. @throws UsageError */
  readonly parse: (given: Readonly<Record<string, unknown>>) => ProbeOptions<O>;
} & AggregationStreams<A, ProbeOptions<O>>;

/** Makes a probe of its definition. */
export function probe<F extends Fields, O extends Options, E = RowOf<F>, A extends Aggregations = {}>(
  definition: Definition<F, O, E, A>,
): Probe<F, O, E, A> {
  // A probe may give one of the common options a letter.
  const options = { ...definition.options, ...common, ...definition.options };
  const bytes = (): Uint8Array => readFileSync(new URL(`../../bpf/${definition.name}.bpf.o`, import.meta.url));

  const parse = (given: Readonly<Record<string, unknown>>): ProbeOptions<O> => {
    const values = parseOptions(options, given) as ProbeOptions<O>;
    definition.check?.(values);
    return values;
  };
  const image = (values: ProbeOptions<O>): Image => ({
    name: definition.name,
    bytes,
    variants: definition.variants(values),
  });
  const setting = (values: ProbeOptions<O>, more: Readonly<Record<string, Knob>> = {}): Setting => {
    const { includeSelf } = values as ValuesOf<typeof common>;
    const ids = new MachineIds();
    const self = includeSelf ? 0 : ids.process(process.pid);
    const own = definition.knobs(machineValues(options, values, ids));
    const narrowed = narrow(values as ValuesOf<typeof common>);
    return {
      ...narrowed,
      knobs: { ...own, ...more, ...narrowed.knobs, self_pid: self },
      notices: [...(ids.differ ? [IDS_DIFFER] : []), ...(narrowed.notices ?? [])],
      maxEntries: { events: ringSize(definition, values) },
    };
  };
  const ended = <T>(stream: EventStream<T>, { duration }: ValuesOf<typeof common>): EventStream<T> =>
    duration === undefined ? stream : stream.until(timer(duration * 1000));

  const events = (values: ProbeOptions<O>): Source<E> => {
    const source: Source<E> = (receiver) => {
      const refinement = definition.refine?.(values);
      const rows = trace<RowOf<F>>(image(values), definition.event, () => ({
        ...setting(values),
        ...(refinement?.aside && { aside: refinement.aside }),
      }));
      return (refinement ? refine(rows, refinement.event) : (rows as Source<unknown> as Source<E>))(receiver);
    };
    return source;
  };
  const open = (given: ProbeOptions<O> = {}): EventStream<E> => {
    const values = parse(given);
    ringSize(definition, values);
    const command = Object.keys(values).find((name) => options[name]?.kind === "command");
    const source =
      command === undefined
        ? events(values)
        : aroundCommand(values[command] as readonly string[], (pid) => events({ ...values, pid }));
    const { name, event: schema, banner } = definition;
    const info = { name, schema, options: given, ...(banner && { banner }), columns: () => definition.columns(values) };
    return ended(new EventStream(info, source), values as ValuesOf<typeof common>);
  };

  const counts = Object.entries(definition.aggregations ?? {}).map(([name, aggregation]) => {
    const { counter, knobs, columns, check } = aggregation;
    const stream = ({ interval: seconds, ...given }: { interval?: number } & ProbeOptions<O> = {}) => {
      const values = parse(given);
      check?.(values);
      ringSize(definition, values);
      const everyMs = seconds === undefined ? undefined : interval.parse(seconds, "interval") * 1000;
      const source = aggregate(image(values), counter, everyMs, () => setting(values, knobs));
      const { name, banner } = definition;
      const info = {
        name,
        schema: aggregation.schema,
        tables: true,
        ...(banner && { banner }),
        columns: () => columns,
      };
      return ended(new EventStream(info, sorted(source, aggregation)), values as ValuesOf<typeof common>);
    };
    return [name, stream] as const;
  });
  const made = Object.assign(open, { definition, options, parse }, Object.fromEntries(counts));
  const named = Object.defineProperty(made, "name", { value: definition.name });
  // How Node's `inspect` shows it.
  Object.defineProperty(named, INSPECT, { value: () => `[Probe ${definition.name}: ${definition.summary}]` });
  return named as unknown as Probe<F, O, E, A>;
}

const IDS_DIFFER =
  "this is a pid namespace: events have the machine's process ids, which are not those that are seen here";

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Gives each row the time of its table, and the rows their order. */
function sorted<R>(source: Source<readonly R[]>, { order }: Aggregation): Source<readonly R[]> {
  return refine(source, (table) => {
    const time = eventTime();
    return table.map((row) => ({ time, ...row })).sort(order as (a: R, b: R) => number);
  });
}

/** In bytes. The kernel wants a power of two of whole pages. @throws UsageError */
function ringSize<O extends Options>(
  { ringBytes }: { readonly ringBytes?: (options: ValuesOf<O>) => number | undefined },
  values: ProbeOptions<O>,
): number {
  const size = (values as ValuesOf<typeof common>).ringBytes ?? ringBytes?.(values) ?? 32 * 2 ** 20;
  if ((size & (size - 1)) !== 0) throw new UsageError(`The buffer takes a power of two, not ${size} bytes`);
  return size;
}

/** A probe of whatever options and events. */
export interface AnyProbe {
  (options?: Readonly<Record<string, unknown>>): EventStream<unknown>;
  readonly definition: {
    readonly name: string;
    readonly summary: string;
    readonly event: Schema<Fields>;
    readonly banner?: string;
    readonly aggregations?: Aggregations;
    readonly recorded: {
      readonly options: readonly string[];
      matches(options: object): (event: never) => boolean;
    };
    readonly columns: (options: object) => readonly Column<never>[];
  };
  readonly options: Options;
  parse(options: Readonly<Record<string, unknown>>): object;
}

/** Whether a value is a probe, as `probe` makes them. */
export function isProbe(value: unknown): value is AnyProbe {
  return typeof value === "function" && "definition" in value && "options" in value;
}

/** The stream of tables that a probe makes under an aggregation's name. */
export function aggregationOf(
  probe: AnyProbe,
  name: string,
): (options?: Readonly<Record<string, unknown>>) => EventStream<readonly unknown[]> {
  return (probe as unknown as Record<string, never>)[name]!;
}
