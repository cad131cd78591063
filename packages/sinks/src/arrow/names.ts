import { basename, extname } from "node:path";

/** A file of a recording in several files: when the run that wrote it began, and the file's number in that run. */
interface Turn {
  readonly stamp: string;
  readonly number: number;
}

const DIGITS = 6;

/**
 * The names of a recording's files, if it has several: the path's name with the start of the run and a number. They
 * sort in the order in which they were made.
 */
export class Names {
  readonly #base: string;
  readonly #extension: string;
  readonly #pattern: RegExp;
  #last: Turn;

  constructor(path: string) {
    this.#extension = extname(path);
    this.#base = basename(path, this.#extension);
    const [base, extension] = [this.#base, this.#extension].map((text) => text.replace(/[^\w]/g, "\\$&"));
    this.#pattern = new RegExp(`^${base}-(\\d{8}T\\d{6}Z)-(\\d{${DIGITS}})${extension}$`);
    this.#last = { stamp: stampOf(new Date()), number: 0 };
  }

  /** Whether this is a name of a file of such a recording. */
  has(name: string): boolean {
    return this.#pattern.test(name);
  }

  /** Makes further names sort after this one, even if the clock was set back meanwhile. */
  goOnAfter(name: string): void {
    const [, stamp = "", number] = this.#pattern.exec(name) ?? [];
    if (stamp >= this.#last.stamp) this.#last = { stamp, number: Number(number) };
  }

  next(): string {
    const { stamp, number } = this.#last;
    this.#last = number < 10 ** DIGITS - 1 ? { stamp, number: number + 1 } : { stamp: secondAfter(stamp), number: 1 };
    return `${this.#base}-${this.#last.stamp}-${String(this.#last.number).padStart(DIGITS, "0")}${this.#extension}`;
  }
}

function stampOf(date: Date): string {
  return date.toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

function secondAfter(stamp: string): string {
  const time = Date.parse(stamp.replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5"));
  return stampOf(new Date(time + 1000));
}
