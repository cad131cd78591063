import { readFileSync } from "node:fs";
import { hostname, release } from "node:os";

import { type Field, type Fields, type Kind, printable, type Scale, type Schema, type StreamInfo } from "@rxbpf/core";
import { eventClock, KINDS, type Unit } from "@rxbpf/core/events";
import { timeNamespaceOffsetNs } from "@rxbpf/core/system";

/** What a recording says about itself, in the metadata of its schema. */
export interface RecordingInfo {
  /** The probe's name; empty if the events come from no probe, or were changed by operators. */
  readonly probe: string;
  /** Which of the probe's outputs was recorded; empty if that is not known. */
  readonly output: string;
  /** Whether the rows are those of tables: rows with the same `time` were one table. */
  readonly tables: boolean;
  readonly schema: Schema<Fields>;
  /** The probe's options, as in JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The version of the package that wrote it. */
  readonly version: string;
  /** The kernel's release. */
  readonly kernel: string;
  readonly host: string;
  /** When the machine was booted and when the recording was started, in ISO 8601. */
  readonly bootTime: string;
  readonly started: string;
  /**
   * The id of that boot, and how many seconds after it the recording was started. The machine's clock may have been set
   * in between.
   */
  readonly boot: string;
  readonly uptime: number;
  /** What the times of events mean. */
  readonly clock: string;
  /** The `uptime` of the first file of the same run. A run that rotates has several. */
  readonly run: number;
  /** How many events are in the earlier files of that run, so that a reader sees whether one is missing. */
  readonly rowsBefore: number;
}

/** What a run has recorded before a file. */
export interface Earlier {
  /** When the run began. */
  readonly run: Moment;
  /** How many events it has recorded. */
  readonly rows: number;
}

/** A moment, also by a clock that nobody can set. */
export interface Moment {
  readonly time: Date;
  readonly uptime: number;
}

export function now(): Moment {
  return { time: new Date(), uptime: Number(process.hrtime.bigint()) / 1e9 };
}

/** The version of the recording format: the one that is written, and the only one that is read. */
const FORMAT = "2";
const PREFIX = "rxbpf.";

/** The key of a batch's metadata that holds its notes. */
export const NOTES = `${PREFIX}notes`;

export function recordingMetadata(
  info: Partial<StreamInfo>,
  schema: Schema<Fields>,
  started: Moment,
  earlier: Earlier,
): Map<string, string> {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const values = {
    format: FORMAT,
    probe: info.name ?? "",
    output: info.output ?? "",
    tables: info.tables ? "true" : "",
    struct: schema.struct,
    options: JSON.stringify(info.options ?? {}, (_, value) => (value instanceof RegExp ? value.source : value)),
    version,
    kernel: release(),
    host: hostname(),
    boot_time: new Date(bootTime()).toISOString(),
    started: started.time.toISOString(),
    boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    uptime: String(started.uptime),
    clock: eventClock.description,
    run: String(earlier.run.uptime),
    rows_before: String(earlier.rows),
  };
  return new Map(Object.entries(values).map(([key, value]) => [PREFIX + key, value]));
}

function bootTime(): number {
  const inNamespace = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]) * 1000;
  return inNamespace + Number(timeNamespaceOffsetNs("boottime") / 1_000_000n);
}

export function fieldMetadata({ kind, doc, unit, choices, scale, space }: Field<unknown>): Map<string, string> {
  const values = {
    kind,
    doc,
    ...(unit && { unit }),
    ...(choices && { choices: JSON.stringify(choices) }),
    ...(space && { space }),
    ...(scale && { scale: scale === "log2" ? scale : String(scale.width) }),
  };
  return new Map(Object.entries(values).map(([key, value]) => [PREFIX + key, value]));
}

/** A field as a file describes it. */
export interface FieldDescription {
  readonly name: string;
  readonly nullable: boolean;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Parses the metadata. @throws Error whose message completes "Cannot read FILE: " */
export function parseMetadata(
  metadata: ReadonlyMap<string, string>,
  fields: readonly FieldDescription[],
): RecordingInfo {
  const value = (key: string): string => metadata.get(PREFIX + key) ?? "";
  const format = value("format");
  if (format === "") throw new Error("not a recording of rxbpf");
  if (format !== FORMAT)
    throw new Error(
      `a recording of another version of rxbpf, in format ${printable(format.slice(0, 20))}; this one reads format ${FORMAT}`,
    );
  return {
    probe: value("probe"),
    output: value("output"),
    tables: value("tables") === "true",
    schema: { struct: value("struct"), fields: parseFields(fields) },
    options: parseObject(value("options")),
    version: value("version"),
    kernel: value("kernel"),
    host: value("host"),
    bootTime: value("boot_time"),
    started: value("started"),
    boot: value("boot"),
    uptime: Number(value("uptime")) || 0,
    clock: value("clock"),
    run: Number(value("run")) || 0,
    rowsBefore: Number(value("rows_before")) || 0,
  };
}

function parseFields(descriptions: readonly FieldDescription[]): Fields {
  const fields: Record<string, Field<unknown>> = {};
  for (const { name, nullable, metadata } of descriptions) {
    const kind = metadata.get(`${PREFIX}kind`) ?? "";
    const unit = metadata.get(`${PREFIX}unit`) ?? "";
    if (!Object.hasOwn(KINDS, kind)) throw new Error(`damaged: the field ${printable(name)} is of no known kind`);
    if (name === "__proto__" || Object.hasOwn(fields, name))
      throw new Error(`damaged: no field can be called ${printable(name)}`);
    fields[name] = {
      kind: kind as Kind,
      doc: metadata.get(`${PREFIX}doc`) ?? "",
      ...(UNITS.has(unit) && { unit: unit as Unit }),
      ...(kind === "choice" && { choices: parseChoices(metadata.get(`${PREFIX}choices`)) }),
      ...(kind === "stack" && { space: metadata.get(`${PREFIX}space`) === "user" ? "user" : "kernel" }),
      ...(kind === "histogram" && { scale: parseScale(metadata.get(`${PREFIX}scale`)) }),
      ...(nullable && { optional: true as const }),
    };
  }
  if (descriptions.length === 0) throw new Error("damaged: its events have no fields");
  return fields;
}

const UNITS: ReadonlySet<string> = new Set<Unit>(["ns", "us", "ms", "s", "bytes", "kB"]);

function parseScale(text: string = ""): Scale {
  if (text === "log2") return text;
  const width = Number(text);
  if (!(width > 0)) throw new Error("damaged: a histogram has no scale");
  return { width };
}

function parseChoices(text: string = ""): readonly string[] {
  const choices = parse(text);
  if (!Array.isArray(choices) || choices.some((choice) => typeof choice !== "string"))
    throw new Error("damaged: a field's choices are no list");
  return choices as string[];
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value = parse(text);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
