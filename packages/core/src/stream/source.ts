import type { Records } from "../schema/column-data.js";
import type { HeatMap } from "../values/heat-map.js";
import type { Table } from "../values/table.js";
import type { Fields } from "../schema/field.js";
import type { Schema } from "../schema/schema.js";
import type { Column } from "../text/column.js";

/** What a stream reports besides its events. */
export type Status = Attached | Lost | Notice;

/** The programs are attached: the stream delivers all events from now on. */
export interface Attached {
  readonly type: "attached";
  /** The programs that run. */
  readonly programs: readonly string[];
}

/** Events that happened and cannot be delivered. */
export interface Lost {
  readonly type: "lost";
  /** Unix milliseconds when the loss was seen; it happened after the event delivered last. */
  readonly time: number;
  /** How many events, since the last such report. */
  readonly count: number;
  /** How many since the stream was subscribed to. */
  readonly total: number;
  /** What was full: `ring full` or `map full` in the kernel, `sink full` or `buffer full` in this process. */
  readonly reason: string;
}

/** Something that a person should know. */
export interface Notice {
  readonly type: "notice";
  /** One line. */
  readonly message: string;
}

/** Events that arrived together. Valid only during the call that hands it over. */
export interface Batch<E> {
  readonly length: number;
  /** Decodes the event at an index into a plain object. */
  row(index: number): E;
  /** The same events as records in memory, if they still are as a program wrote them. */
  readonly records?: Records | undefined;
}

/** Takes what a source delivers. Nothing follows `complete` or `error`. */
export interface Receiver<E> {
  /** Events arrived. The batch is valid only during the call. */
  batch(batch: Batch<E>): void;
  /** The source reports its status. */
  status(status: Status): void;
  /** The source has delivered everything. */
  complete(): void;
  /** The source has failed and freed what it held. */
  error(error: unknown): void;
}

/** A started source. */
export interface Run {
  /** Ends the source in good order: it takes nothing new, delivers what is under way, then calls `complete`. */
  stop(): void;
  /** Ends the source at once and frees what it holds. Calls nothing back. May be called twice. */
  close(): void;
  /** Stops delivery until `release`. Events that happen meanwhile wait in the source's buffer. */
  hold(): void;
  /** Resumes delivery after `hold`. */
  release(): void;
}

/** Starts delivering to a receiver. Throws if it cannot start, and then has freed everything. */
export interface Source<E> {
  (receiver: Receiver<E>): Run;
  /** Loads what starting needs, and gives the source to start in its place; if not given, nothing is needed. */
  readonly prepare?: (() => Promise<Source<E>>) | undefined;
  /**
   * The same source, without the events that do not meet a condition. If not given, they are dropped after they are
   * delivered. For a source of tables the condition is on what is counted; if not given, nothing but tables is known.
   */
  where?(condition: Condition<never>): Source<E>;
}

/** A condition that a stream's events must meet. */
export interface Condition<E> {
  /** Returns something true for an event that meets it. Must not change anything. */
  readonly predicate: (event: E) => unknown;
  /** Values of variables that the predicate captures, by name, for where Node cannot tell them. */
  readonly captured?: Readonly<Record<string, unknown>> | undefined;
}

/** What a function makes of a source, before and after it is prepared. */
export function changed<E, R>(source: Source<E>, change: (source: Source<E>) => Source<R>): Source<R> {
  const { prepare } = source;
  const start = (receiver: Receiver<R>): Run => change(source)(receiver);
  return prepare ? Object.assign(start, { prepare: async () => change(await prepare()) }) : start;
}

/** The same for a function that leaves the events as they are: conditions on them stay with the source. */
export function wrapped<E>(source: Source<E>, wrap: (source: Source<E>) => Source<E>): Source<E> {
  if (!source.where) return changed(source, wrap);
  const where = (condition: Condition<never>): Source<E> => wrapped(source.where!(condition), wrap);
  return Object.assign(changed(source, wrap), { where });
}

/** Rows of a table that have the same columns. */
export interface TablePart {
  readonly columns: readonly Column<unknown>[];
  readonly rows: readonly unknown[];
}

/** What a stream knows of its events beyond their type. */
export interface StreamInfo {
  /** The probe's name. */
  readonly name: string;
  /** The fields of an event, or of each row of an event that is a table. */
  readonly schema: Schema<Fields>;
  /** What the probe was asked for, by option. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Which of the probe's outputs this is, if it has several. */
  readonly output?: string;
  /** Whether each event is a `Table`. */
  readonly tables?: boolean;
  /** The line above each table, if any. */
  readonly tableHeading?: (table: Table<never>) => string;
  /** How many rows of each table are written as text. */
  readonly tableRows?: number;
  /** Whether each table replaces the one before on a terminal. */
  readonly tableInPlace?: boolean;
  /** Writes a table as lines of text about so many columns wide, 80 by default, if it is not printed in columns. */
  readonly tableText?: (table: Table<never>, columns?: number) => string;
  /** Divides a table into parts, each with columns of its own, if not all rows have the same. */
  readonly tableParts?: (table: Table<never>) => readonly TablePart[];
  /** Makes a function that adds each table to a heat map, which is shown instead, if that was asked for. */
  readonly tableHeatMap?: () => (table: Table<never>) => HeatMap;
  /** A line above the text table. */
  readonly banner?: string;
  /** Makes the columns of the text table, anew for each table. */
  readonly columns: () => readonly Column<unknown>[];
  /** Earlier events whose effect lasts, such as the execs of running processes, as far as they can be found now. */
  readonly already?: () => readonly unknown[];
}
