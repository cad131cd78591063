import {
  type Fields,
  HeatMap,
  Histogram,
  type Lost,
  printable,
  printableJson,
  type StreamInfo,
  Table,
  type TablePart,
} from "@rxbpf/core";
import { type Column, originOf, type Records, rowView } from "@rxbpf/core/events";
import type { Observable, OperatorFunction } from "rxjs";

import { jsonText } from "./json-text.js";
import { type Format, type Progress, sink } from "./sink.js";
import type { OutputOptions } from "./files/output-file.js";
import type { Target } from "./output.js";
import { columnsFor, type Row } from "./table.js";

export interface TextOptions<E> extends OutputOptions {
  /** Makes the columns of the rows, for example `stream.info.columns`. */
  readonly columns?: (() => readonly Column<NoInfer<E> extends Table<infer R> ? R : NoInfer<E>>[]) | undefined;
}

/** Writes events to stdout as a text table, a line each. See `toText`. */
export function toStdout<E>(options?: TextOptions<E>): OperatorFunction<E, Progress> {
  return toText(process.stdout, options);
}

/**
 * Writes events as a text table, a line each. Losses are lines too: `LOST 12 events: ring full`.
 *
 * The columns are the given ones, or those of the stream that the source was made from. After operators a row may have
 * other fields than that stream. Such a row, and any row if there is no such stream, is written as `key=value`, with
 * values in JSON unless they are plain words.
 *
 * A `Table` is written under a heading of its own, or in its probe's format. If its rows are not the stream's events,
 * its columns are their keys. A `Histogram` is drawn. A `HeatMap` is drawn in 80 columns when these are full, and at the
 * end.
 *
 * The heading is written when the source runs, so that a parent process can wait for it. If there are operators and no
 * columns were given, it is written with the first row that needs it.
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 */
export function toText<E>(target: Target, options: TextOptions<E> = {}): OperatorFunction<E, Progress> {
  const onTerminal = typeof target !== "string" && isScreen(target as { isTTY?: boolean });
  const open = (source: Observable<E>): TextFormat<E> =>
    new TextFormat(source, { columns: options.columns?.() as Columns | undefined, onTerminal });
  return sink(target, open, options);
}

/**
 * The format of `toText`, for showing the events of a stream elsewhere. Each text ends with a newline, or is empty.
 * @param line makes a line from the cells of a row or from the headings; by default they are joined
 */
export function textFormat<E>(source: Observable<E>, line?: MakeLine): TextFormat<E> {
  return new TextFormat(source, { line });
}

/** Makes a line from cells. Each cell belongs to the column with the same index. */
export type MakeLine = (cells: readonly string[], columns: readonly Pick<Column<unknown>, "numeric">[]) => string;

type Columns = readonly Column<unknown>[];

interface FormatOptions {
  readonly columns?: Columns | undefined;
  readonly line?: MakeLine | undefined;
  readonly onTerminal?: boolean;
}

/** Whether a stream is a terminal that can draw in place, unlike a dumb one. */
export function isScreen({ isTTY }: { readonly isTTY?: boolean }): boolean {
  return isTTY === true && process.env["TERM"] !== "dumb";
}

/** Clears a terminal and moves to its upper left corner. */
const CLEAR = "\x1b[H\x1b[2J";
/** How wide heat maps are drawn, so that they fit everywhere. */
const COLUMNS = 80;

/** How a table is shown: as a text, or as parts with columns. */
export interface Layout {
  /** The line above it. */
  readonly heading: string | undefined;
  /** How many of its rows are shown, unless someone asks for more. */
  readonly most: number | undefined;
  /** Its text, about so many columns wide; undefined if it has parts. */
  readonly text?: (columns?: number) => string;
  readonly parts: readonly TablePart[];
}

class TextFormat<E> implements Format<E> {
  readonly #columns: Columns | undefined;
  /** Whether the columns are the stream's, and its rows come as they are. */
  readonly #ownColumns: boolean;
  /** Whether a row fits the columns. */
  readonly #fits: (row: unknown) => boolean;
  readonly #info: Partial<StreamInfo>;
  readonly #heatMap: ((table: Table<never>) => HeatMap) | undefined;
  /** The text before each table. */
  readonly #between: string;
  readonly #head: string = "";
  readonly #makeLine: MakeLine | undefined;
  #banner: string;
  /** The columns whose heading was written last, and whether nothing was written below it yet. */
  #above: Columns | undefined;
  #fresh = false;
  /** A heat map with columns that are not written yet. */
  #unwritten: HeatMap | undefined;

  constructor(source: Observable<E>, { columns, line, onTerminal }: FormatOptions) {
    this.#makeLine = line;
    const origin = originOf(source);
    const { banner, tables = false, schema, tableHeatMap, tableInPlace, tableText } = origin?.info ?? {};
    this.#columns = columns ?? origin?.info.columns();
    /** Whether all rows are known to fit the columns before the first one comes. */
    this.#ownColumns = columns === undefined && source === origin;
    const known = columns !== undefined || source === origin;
    this.#fits = known ? () => true : hasFields(schema?.fields);
    // Other pictures may come only once, and stand below what a command has written.
    this.#between = onTerminal && tableInPlace && !tableText ? CLEAR : "\n";
    this.#info = origin?.info ?? {};
    this.#heatMap = tableHeatMap?.();
    this.#banner = banner ? `${banner}\n` : "";
    // Called only once the first row has been made.
    if (known) this.#head = tables ? this.#takeBanner() : this.#heading(this.#columns!);
  }

  head(): string {
    return this.#head;
  }

  /** The heading above the last written row, for callers that repeat it. */
  heading(): string {
    return this.#above ? this.#heading(this.#above) : "";
  }

  row(event: E): string {
    const shown = this.shown(event);
    if (shown instanceof HeatMap) return this.#map(shown);
    if (shown instanceof Table) return this.#table(shown as Table<Row>);
    if (shown instanceof Histogram) return `\n${shown.toString()}\n`;
    if (!this.#columns || !this.#fits(event)) return pairs(event);
    const heading = this.#above === this.#columns ? "" : this.#heading(this.#columns);
    this.#fresh = false;
    return heading + this.#line(event, this.#columns);
  }

  /** What is shown of an event. To be called once for each, as a table may be added to a heat map, which is shown instead. */
  shown(event: unknown): unknown {
    return this.#heatMap && event instanceof Table && event.rows.every(this.#fits)
      ? this.#heatMap(event as Table<never>)
      : event;
  }

  line(records: Records): ((position: number) => string) | undefined {
    const columns = this.#columns;
    // Whoever gave columns may keep a row.
    if (!columns || !this.#ownColumns || this.#makeLine) return undefined;
    const view = rowView(records);
    return (position) => {
      this.#fresh = false;
      return line(view(position), columns);
    };
  }

  lost({ count, reason }: Lost): string {
    return `LOST ${count} events: ${printable(reason)}\n`;
  }

  tail(): string {
    const map = this.#unwritten;
    return map ? `\n${map.picture(COLUMNS, { last: map.count % HeatMap.room(COLUMNS) })}\n` : "";
  }

  /** How a table is shown. */
  layout(table: Table<unknown>): Layout {
    const { tableText, tableParts, tableHeading, tableRows } = this.#info;
    const own = table as Table<never>;
    const heading = tableHeading && printable(tableHeading(own));
    const fits = table.rows.every(this.#fits);
    const most = fits ? tableRows : undefined;
    if (fits && tableText) {
      const shown = own.with(own.rows.slice(0, most));
      return { heading, most, text: (columns) => tableText(shown, columns), parts: [] };
    }
    const one = (): TablePart => ({ columns: this.#columnsFor(table.rows as readonly Row[]), rows: table.rows });
    return { heading, most, parts: (fits && tableParts?.(own)) || [one()] };
  }

  #table(whole: Table<Row>): string {
    const most = whole.rows.every(this.#fits) ? this.#info.tableRows : undefined;
    const table = whole.with(whole.rows.slice(0, most));
    const { heading, text, parts } = this.layout(table);
    const above = `${this.#between}${heading === undefined ? "" : `${heading}\n`}`;
    if (text) return `${this.#takeBanner()}${above}${text()}`;
    const [only] = parts;
    const isUnder = parts.length === 1 && this.#fresh && this.#above === only!.columns;
    const written = parts.map(({ columns, rows }) => {
      const head = isUnder ? "" : this.#heading(columns);
      return head + rows.map((row) => this.#line(row, columns)).join("");
    });
    this.#fresh = false;
    return `${isUnder ? "" : above}${written.join("\n")}`;
  }

  #map(map: HeatMap): string {
    const isFull = map.count % HeatMap.room(COLUMNS) === 0;
    this.#unwritten = isFull ? undefined : map;
    return isFull ? `\n${map.picture(COLUMNS)}\n` : "";
  }

  #columnsFor(rows: readonly Row[]): Columns {
    if (rows.length === 0 && this.#above) return this.#above;
    return this.#columns && rows.every(this.#fits) ? this.#columns : (columnsFor(rows) as Columns);
  }

  #heading(columns: Columns): string {
    this.#above = columns;
    this.#fresh = true;
    const banner = columns === this.#columns ? this.#takeBanner() : "";
    const heads = columns.map(({ head }) => head);
    return `${banner}${this.#makeLine ? this.#makeLine(heads, columns) : heads.join("")}\n`;
  }

  #line(row: unknown, columns: Columns): string {
    if (!this.#makeLine) return line(row, columns);
    return `${this.#makeLine(
      columns.map((column) => column.cell(row)),
      columns,
    )}\n`;
  }

  #takeBanner(): string {
    const banner = this.#banner;
    this.#banner = "";
    return banner;
  }
}

function line(row: unknown, columns: Columns): string {
  let text = "";
  for (const column of columns) text += column.cell(row);
  return `${text}\n`;
}

/** Returns a check that a row has all of the fields, except optional ones, and no others. */
function hasFields(fields: Fields = {}): (row: unknown) => boolean {
  const required = Object.keys(fields).filter((name) => !fields[name]!.optional).length;
  return (row) => {
    if (typeof row !== "object" || row === null) return false;
    let count = 0;
    for (const name in row) {
      if (!Object.hasOwn(fields, name)) return false;
      if (!fields[name]!.optional) count++;
    }
    return count === required;
  };
}

function pairs(row: unknown): string {
  if (typeof row === "string") return `${printable(row)}\n`;
  if (typeof row !== "object" || row === null || Array.isArray(row)) return `${word(row)}\n`;
  const given = Object.entries(row).filter(([, value]) => value !== undefined);
  return `${given.map(([key, value]) => `${word(key)}=${word(value)}`).join(" ")}\n`;
}

function word(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return printable(value);
  return printableJson(jsonText(value));
}
