import { Histogram, type Scale } from "../../values/histogram.js";
import { type ColumnWriter, roomFor } from "../column-writers.js";
import type { ColumnData } from "../column-data.js";
import type { Field } from "../field.js";
import type { Place } from "../record.js";
import type { Unit } from "../unit.js";
import { exact, integer } from "./integers.js";
import { type FieldKind, word } from "./kind.js";

/** In C a `__u64[n]`: how many values fell into each of n buckets. See `COUNT_LOG2` of bpf/include/table.bpf.h. */
export function histogramOf(doc: string, scale: Scale, unit?: Unit): Field<Histogram> {
  return { kind: "histogram", doc, scale, ...(unit && { unit }) };
}

export const histogramKind: FieldKind = {
  blank: ({ scale, unit }) => new Histogram([], scale, unit),
  recorded: {
    member: "array",
    align: () => 4,
    row: (place, index) => `read.histogram(${word(place)}, ${place.size >>> 3}, places[${index}])`,
    reader:
      ({ u32 }) =>
      (word: number, slots: number, { scale, unit }: Place) => {
        const counts = Array.from({ length: slots }, (_, i) => integer(u32[word + 2 * i + 1]!, u32[word + 2 * i]!));
        return new Histogram(counts, scale!, unit);
      },
  },
  writer: () => new HistogramWriter(),
  stored: { list: "u64" },
  fromFile:
    ({ scale, unit }) =>
    (counts: bigint[]) =>
      new Histogram(
        counts.map((count) => exact(count) as number),
        scale,
        unit,
      ),
  fits: (value) => value instanceof Histogram,
};

/** The counts of histograms. */
class HistogramWriter implements ColumnWriter {
  #counts = new BigUint64Array(1024);
  #lists = new Int32Array(1024);
  #length = 0;

  value(value: unknown): void {
    const { counts } = value as Histogram;
    const used = this.#lists[this.#length]!;
    this.#counts = roomFor(this.#counts, used, used + counts.length);
    for (let i = 0; i < counts.length; i++) this.#counts[used + i] = BigInt(counts[i]!);
    this.#lists = roomFor(this.#lists, this.#length + 1, this.#length + 2);
    this.#lists[++this.#length] = used + counts.length;
  }

  target(): never {
    throw new Error("A record has no histogram");
  }

  take(): ColumnData {
    const length = this.#length;
    this.#length = 0;
    const lists = this.#lists.subarray(0, length + 1);
    return { type: "lists", lists, items: this.#counts.subarray(0, lists[length]) };
  }

  bytes(): number {
    return 8 * this.#lists[this.#length]! + 4 * this.#length;
  }
}
