import { readFileSync } from "node:fs";

import {
  type Column,
  EventStream,
  type Fields,
  type Knob,
  type RowOf,
  type Schema,
  type Source,
  trace,
  type Variant,
} from "@rxbpf/core";
import { narrow } from "@rxbpf/filters";
import { timer } from "rxjs";

import { common } from "./common.js";
import { aroundCommand } from "./exec.js";
import { type Options, parseOptions, UsageError, type ValuesOf } from "./options.js";

/** What a probe is; everything else about it follows from this. */
export interface Definition<F extends Fields, O extends Options> {
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
  /** What the kernel cannot decide, or undefined if it decides all. */
  readonly where?: (options: ValuesOf<O>) => ((event: RowOf<F>) => boolean) | undefined;
  /** The size of the ring, where an option of its own sets it. */
  readonly ringBytes?: (options: ValuesOf<O>) => number | undefined;
  /** The columns of the text table. */
  readonly columns: (options: ValuesOf<O>) => readonly Column<RowOf<F>>[];
}

/** The options that a caller of a probe may pass. */
export type ProbeOptions<O extends Options> = ValuesOf<O> & ValuesOf<typeof common>;

/** A probe: call it with options for a stream of its events. */
export interface Probe<F extends Fields = Fields, O extends Options = Options> {
  /**
   * @throws UsageError for options that do not fit. Subscribing throws into the stream's `error`
   * what `load` throws, and the errors of the sets that it was given.
   */
  (options?: ProbeOptions<O>): EventStream<RowOf<F>>;
  readonly definition: Definition<F, O>;
  /** All its options, its own and those that every probe has. */
  readonly options: Options;
}

/** Makes a probe of its definition. */
export function probe<F extends Fields, O extends Options>(definition: Definition<F, O>): Probe<F, O> {
  // A probe may give one of the common options a letter.
  const options = { ...definition.options, ...common, ...definition.options };

  const open = (given: ProbeOptions<O> = {}): EventStream<RowOf<F>> => {
    const values = parseOptions(options, given) as ProbeOptions<O>;
    const { duration, includeSelf, ringBytes } = values as ValuesOf<typeof common>;
    definition.check?.(values);
    const ring = ringBytes ?? definition.ringBytes?.(values);
    if (ring !== undefined && (ring & (ring - 1)) !== 0)
      throw new UsageError(`The buffer takes a power of two, not ${ring} bytes`);

    const bytes = (): Uint8Array => readFileSync(new URL(`../../bpf/${definition.name}.bpf.o`, import.meta.url));
    const source = (values: ProbeOptions<O>): Source<RowOf<F>> =>
      trace({ name: definition.name, bytes, variants: definition.variants(values) }, definition.event, () => {
        const narrowed = narrow(values as ValuesOf<typeof common>);
        return {
          ...narrowed,
          knobs: { ...definition.knobs(values), ...narrowed.knobs, self_pid: includeSelf ? 0 : process.pid },
          ...(ring === undefined ? {} : { maxEntries: { events: ring } }),
        };
      });
    const command = Object.entries(options).find(([name, { kind }]) => kind === "command" && name in values)?.[0];
    const stream = new EventStream<RowOf<F>>(
      {
        name: definition.name,
        schema: definition.event,
        columns: () => definition.columns(values),
        where: definition.where?.(values),
      },
      command === undefined
        ? source(values)
        : aroundCommand(values[command] as readonly string[], (pid) => source({ ...values, pid })),
    );
    return duration === undefined ? stream : stream.until(timer(duration * 1000));
  };
  return Object.defineProperty(Object.assign(open, { definition, options }), "name", { value: definition.name });
}

/** A probe of whatever options and events. */
export interface AnyProbe {
  (options?: Readonly<Record<string, unknown>>): EventStream<unknown>;
  readonly definition: { readonly name: string; readonly summary: string };
  readonly options: Options;
}

/** Whether a value is a probe, as `probe` makes them. */
export function isProbe(value: unknown): value is AnyProbe {
  return typeof value === "function" && "definition" in value && "options" in value;
}
