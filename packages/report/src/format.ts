// What a page holds: written by `report.ts`, read by `page/data.ts`. A header in JSON, then the values of columns.

/** The header of a page's data. */
export interface PageData {
  /** The version of rxbpf that made the page. */
  readonly version: string;
  /** The moment from which times count, and the span of all events, in Unix milliseconds. */
  readonly zero: number;
  readonly first: number;
  readonly last: number;
  readonly series: readonly SeriesData[];
  /** The processes that recordings name, by `execId`. */
  readonly processes: readonly ProcessData[];
  readonly cgroups: readonly CgroupData[];
  /** From how many boots of machines the recordings come. Ids mean something within one. */
  readonly boots: number;
  /** The names of the error numbers that occur: `[2, "ENOENT"]`. */
  readonly errors: readonly (readonly [number: number, name: string])[];
}

/** The recordings of one probe. All its texts are printable. */
export interface SeriesData {
  readonly probe: string;
  readonly output: string;
  readonly tables: boolean;
  /** What the recording says about itself, in lines for people. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** How many events, or rows of tables, were recorded, and how many of them the page has: one in `every`. */
  readonly events: number;
  readonly kept: number;
  readonly every: number;
  /** How many events were lost, by reason, and when: seconds since `zero`, and how many. */
  readonly lost: readonly (readonly [reason: string, count: number])[];
  readonly losses: readonly (readonly [at: number, count: number])[];
  readonly columns: readonly ColumnData[];
}

/** A cgroup, with what people call what runs in it, as far as a recording tells. */
export interface CgroupData {
  readonly id: number;
  readonly path: string;
  readonly container?: string;
  readonly pod?: string;
  readonly unit?: string;
}

/** A process as a recording names it. */
export interface ProcessData {
  readonly execId: number;
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly command: string;
  /** When it started, in seconds since `zero`. */
  readonly start: number;
}

/** A column: what its field means, and where its values are. */
export interface ColumnData {
  readonly name: string;
  readonly kind: string;
  readonly doc: string;
  readonly unit?: string;
  readonly space?: string;
  /** Of a histogram: the width of its buckets; 0 if they double. */
  readonly bucket?: number;
  /** The values that occur. The column then has their indices. A `null` is a value that is absent. */
  readonly dictionary?: readonly DictionaryValue[];
  readonly numbers: NumbersData;
}

/** A value in a dictionary. A list is a stack of the names of functions, or the counts of a histogram. */
export type DictionaryValue = string | number | null | readonly string[] | readonly number[];

/** The place of numbers in what follows the header. Each is stored less `base`, in `width` bytes; with 8, as a double. */
export interface NumbersData {
  readonly at: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly base: number;
  /** Whether each is the difference to the one before. */
  readonly differences?: true;
}

/** The header's length comes first, in four bytes; all that follows is aligned to eight. */
const ALIGNMENT = 8;

/** Rounds up to a multiple of the alignment. */
export function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
