import type { Records } from "../schema/column-data.js";
import type { Table } from "../values/table.js";
import type { Fields } from "../schema/field.js";
import type { Schema } from "../schema/schema.js";
import type { Column } from "../text/column.js";

/** What a stream says about itself, besides its events. */
export type Status = Attached | Lost | Notice;

/** The stream delivers what happens from now on. */
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
  /** Where: `ring full` or `map full` in the kernel, `sink full` or `buffer full` in this process. */
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
  /** Makes the event at an index into a plain object. */
  row(index: number): E;
  /** The same events as records in memory, where they are still as a program wrote them. */
  readonly records?: Records | undefined;
}

/** Takes what a source gives. After `complete` or `error` nothing more comes. */
export interface Receiver<E> {
  /** Events came. The batch is valid only during the call. */
  batch(batch: Batch<E>): void;
  /** The source says something of itself. */
  status(status: Status): void;
  /** All has been given. */
  complete(): void;
  /** The source has failed, and freed what it held. */
  error(error: unknown): void;
}

/** A source that has been started. */
export interface Run {
  /** Ends the source in good order: nothing new, what is under way is delivered, then `complete`. */
  stop(): void;
  /** Ends the source at once and frees what it holds. Calls nothing back. May be called twice. */
  close(): void;
  /** Stops delivery until `release`; what happens meanwhile waits in the source's buffer. */
  hold(): void;
  /** Delivers again, after `hold`. */
  release(): void;
}

/** Starts delivering to a receiver. Throws where it cannot start, having freed everything. */
export type Source<E> = (receiver: Receiver<E>) => Run;

/** What a stream knows of its events beyond their type. */
export interface StreamInfo {
  /** The probe's name. */
  readonly name: string;
  /** The fields of an event, or of each row of an event that is a table. */
  readonly schema: Schema<Fields>;
  /** What the probe was asked for, by option. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The probe's output that it is, where it has several. */
  readonly output?: string;
  /** Whether each event is a `Table`. */
  readonly tables?: boolean;
  /** The line that stands above each table, where there is one. */
  readonly tableHeading?: (table: Table<never>) => string;
  /** How many rows of each table are written as text. */
  readonly tableRows?: number;
  /** On a terminal each table takes the place of the one before. */
  readonly tableInPlace?: boolean;
  /** Writes a table as lines of text, where it is no text table. */
  readonly tableText?: (table: Table<never>) => string;
  /** A line that comes before a text table. */
  readonly banner?: string;
  /** Makes the columns of a text table of those, anew for each table. */
  readonly columns: () => readonly Column<unknown>[];
  /** Events that happened before and whose effect lasts, such as the execs of processes that run, as far as they can be found now. */
  readonly already?: () => readonly unknown[];
}
