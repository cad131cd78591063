import type { Field, Fields, Kind, Schema } from "@rxbpf/core";
import { KINDS, type Stored, type Unit } from "@rxbpf/core/events";

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly comment?: string;
}

/** A column for a field of events. */
export interface FieldColumn extends Column {
  /** The field's name, and its type in the Arrow data. */
  readonly field: string;
  readonly sent: string;
}

/** What tables have besides the fields of events: where a row comes from. */
export const OWN = [
  { name: "host", type: "LowCardinality(String)", comment: "the host's name" },
  { name: "boot", type: "LowCardinality(String)", comment: "the id of the boot of that host" },
  { name: "recording", type: "LowCardinality(String)", comment: "when its recording began, in seconds after the boot" },
  { name: "batch", type: "UInt32", comment: "the number of its batch in that recording" },
] as const satisfies readonly Column[];

/** The table of what was lost. */
export const LOSSES = "losses";

/** Its columns. */
export const LOSS_COLUMNS = [
  ...OWN.slice(0, 3),
  { name: "batch", type: "String", comment: "the number of the batch; before, if files were removed unsent" },
  { name: "probe", type: "LowCardinality(String)", comment: "whose events were lost: the name of their table" },
  { name: "time", type: "DateTime64(3, 'UTC')", comment: "when the loss was seen" },
  { name: "count", type: "UInt64", comment: "how many events, since the last such row" },
  { name: "total", type: "UInt64", comment: "how many in that run so far" },
  { name: "reason", type: "LowCardinality(String)", comment: "what was full" },
] as const satisfies readonly Column[];

/**
 * How many inserts a table remembers, to drop those that come twice. An insert that was not acknowledged is sent again
 * before anything else of its host, so it need only outlast those of the other hosts meanwhile.
 */
const WINDOW = 10_000;

/** The columns for the fields of a schema. A field that is called like a column of ours becomes `event_NAME`. */
export function columnsOf({ fields }: Schema<Fields>): readonly FieldColumn[] {
  const taken = new Set<string>(OWN.map(({ name }) => name));
  return Object.entries(fields).map(([field, { kind, optional, doc, unit }]) => {
    const plain = typeOf(KINDS[kind].stored);
    // ClickHouse has no lists that may be absent: these become empty.
    const sent = optional && !plain.startsWith("Array") ? nullable(plain) : plain;
    const type = kind === "chars" ? sent.replace("String", "LowCardinality(String)") : sent;
    return {
      field,
      name: taken.has(field) ? `event_${field}` : field,
      sent,
      type: sent.startsWith("Nullable(String") && kind === "chars" ? "LowCardinality(Nullable(String))" : type,
      comment: commentOf(kind, doc, unit),
    };
  });
}

/** What a column means. Times have another unit here than in a row. */
function commentOf(kind: Kind, doc: string, unit: Unit | undefined): string {
  if (kind === "time") return doc.replace(", in Unix milliseconds", "");
  return unit && !doc.includes(" in ") ? `${doc}, in ${unit}` : doc;
}

function nullable(type: string): string {
  return type.startsWith("LowCardinality") ? "LowCardinality(Nullable(String))" : `Nullable(${type})`;
}

function typeOf(stored: Stored): string {
  return typeof stored === "object" ? `Array(${TYPES[stored.list]})` : TYPES[stored];
}

const TYPES: Readonly<Record<Exclude<Stored, object>, string>> = {
  moment: "DateTime64(9, 'UTC')",
  bool: "Bool",
  u8: "UInt8",
  u16: "UInt16",
  u32: "UInt32",
  i32: "Int32",
  u64: "UInt64",
  i64: "Int64",
  f64: "Float64",
  string: "String",
  bytes: "String",
  choice: "LowCardinality(String)",
};

/**
 * The statement that makes the table for a probe's events, if it does not exist: in the order of host, command and
 * time, with a partition for each day.
 */
export function createTable(name: string, schema: Schema<Fields>): string {
  const columns = columnsOf(schema);
  const order = ["host", ...["comm", "time"].filter((one) => columns.some(({ field }) => field === one))];
  return create(name, [...OWN, ...columns], hasTime(schema.fields), order);
}

/** The statement that makes the table of losses. */
export function createLosses(): string {
  return create(LOSSES, LOSS_COLUMNS, true, ["host", "probe", "time"]);
}

function hasTime({ time }: Readonly<Record<string, Field<unknown>>>): boolean {
  return time?.kind === "time" && !time.optional;
}

function create(name: string, columns: readonly Column[], byDay: boolean, order: readonly string[]): string {
  const lines = columns.map(
    ({ name, type, comment }) => `  ${identifier(name)} ${type}${comment ? ` COMMENT ${literal(comment)}` : ""}`,
  );
  return [
    `CREATE TABLE IF NOT EXISTS ${identifier(name)} (`,
    `${lines.join(",\n")}`,
    ")",
    "ENGINE = MergeTree",
    ...(byDay ? ["PARTITION BY toDate(time)"] : []),
    `ORDER BY (${order.map(identifier).join(", ")})`,
    `SETTINGS non_replicated_deduplication_window = ${WINDOW}`,
  ].join("\n");
}

/** The statement that a person must run so that a table has these columns too. */
export function addColumns(table: string, columns: readonly Column[]): string {
  const added = columns.map(({ name, type }) => `ADD COLUMN ${identifier(name)} ${type}`);
  return `ALTER TABLE ${table} ${added.join(", ")}`;
}

/** Whether values of a column's type can go into a column of another: how it stores repeated texts does not matter. */
export function isSameType(a: string, b: string): boolean {
  return stored(a) === stored(b);
}

function stored(type: string): string {
  return type.replace(/^LowCardinality\((.*)\)$/, "$1");
}

/** A name in a statement, whatever characters it has. */
export function identifier(name: string): string {
  return /^[a-z]\w*$/i.test(name) ? name : `\`${name.replace(/[\\`]/g, "\\$&")}\``;
}

/** A text in a statement. */
export function literal(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
