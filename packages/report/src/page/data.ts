import { aligned, type ColumnData, type DictionaryValue, type PageData, type SeriesData } from "../format.js";

/** The values of a field, one for each event. */
export interface Column extends ColumnData {
  /** The values less `numbers.base`; with a dictionary, the values' indices. */
  readonly values: Uint8Array | Uint16Array | Uint32Array | Float64Array;
}

/** A column whose values are in a dictionary. */
export interface NamedColumn extends Column {
  readonly dictionary: readonly DictionaryValue[];
}

/** The recordings of one probe. */
export interface Series extends Omit<SeriesData, "columns"> {
  /** The probe's name; with its output, if another series has the same. */
  readonly name: string;
  readonly columns: readonly Column[];
  /** The time of each event, in seconds from the page's first moment; undefined if events have none. */
  readonly time: Float64Array | undefined;
}

/** All that a page holds. */
export interface Page extends Omit<PageData, "series"> {
  readonly series: readonly Series[];
  /** The span of all events, in seconds. */
  readonly span: Span;
}

/** A span of time, in seconds from the page's first moment. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Reads the data of the page from the text that the document holds. */
export async function readPage(base64: string): Promise<Page> {
  const packed = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const memory = await new Response(stream).arrayBuffer();
  const length = new DataView(memory).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(memory, 4, length))) as PageData;
  const start = aligned(4 + length);
  const names = header.series.map(({ probe }) => probe || "recording");
  const series = header.series.map((one, i): Series => {
    const columns = one.columns.map((column) => ({ ...column, values: valuesOf(column, memory, start, one.kept) }));
    const time = columns.find(({ kind, dictionary }) => kind === "time" && !dictionary);
    const isAlone = names.indexOf(names[i]!) === names.lastIndexOf(names[i]!);
    const name = isAlone ? names[i]! : `${names[i]} ${one.output || i + 1}`;
    return { ...one, name, columns, time: time && secondsOf(time.values) };
  });
  const [from, to] = [header.first, header.last].map((time) => (time - header.zero) / 1000);
  return { ...header, series, span: { from: from!, to: to! } };
}

const ARRAYS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Float64Array } as const;

function valuesOf({ numbers }: ColumnData, memory: ArrayBuffer, start: number, length: number): Column["values"] {
  const { at, width, base, differences } = numbers;
  const stored = new ARRAYS[width](memory, start + at, length);
  if (!differences) return stored;
  const values = new Float64Array(length);
  let before = 0;
  for (let i = 0; i < length; i++) values[i] = before += stored[i]! + base;
  return values;
}

/** Times are stored in microseconds. */
function secondsOf(micros: Column["values"]): Float64Array {
  return Float64Array.from(micros, (time) => time / 1e6);
}

/** The value of a measured column in an event. */
export function numberAt({ values, numbers }: Column, row: number): number {
  return numbers.differences ? values[row]! : values[row]! + numbers.base;
}

/** Whether a column's values are in a dictionary. */
export function isNamed(column: Column | undefined): column is NamedColumn {
  return column?.dictionary !== undefined;
}

/** The column of this name, if its values are in a dictionary. */
export function named({ columns }: Series, name: string): NamedColumn | undefined {
  const column = columns.find((one) => one.name === name);
  return isNamed(column) ? column : undefined;
}
