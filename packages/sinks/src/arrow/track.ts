import { Table } from "@rxbpf/core";

import type { Ending } from "./scan.js";
import type { RecordedBatch, Recording } from "./recording.js";
import type { Note } from "./notes.js";

type Row = Readonly<Record<string, unknown>>;

/** The next piece of a recording: consecutive events, or one note. */
export type Piece =
  | { readonly type: "rows"; readonly length: number; row(index: number): Row | Table<Row> }
  | { readonly type: "note"; readonly note: Note };

/** Reads a recording in several parts, piece by piece. */
export class Track {
  readonly #parts: Iterator<Recording>;
  readonly #ended: (part: Recording, ending: Ending) => void;
  readonly #nanoseconds: boolean;
  #part: Recording | undefined;
  #batches: Generator<RecordedBatch, Ending> | undefined;
  #batch: RecordedBatch | undefined;
  #row = 0;
  #note = 0;
  #done = false;

  /**
   * @param ended called for each part that was read to its end
   * @param nanoseconds whether rows have times in nanoseconds
   */
  constructor(
    parts: readonly Recording[],
    ended: (part: Recording, ending: Ending) => void,
    nanoseconds: boolean = false,
  ) {
    this.#nanoseconds = nanoseconds;
    this.#parts = parts.values();
    this.#ended = ended;
  }

  /** Whether there is a piece to take. */
  get isReady(): boolean {
    return this.#batch !== undefined && (this.#row < this.#batch.length || this.#note < this.#batch.notes.length);
  }

  /** Whether everything was taken. */
  get isDone(): boolean {
    return this.#done;
  }

  /** Reads the next batch, which may be empty. Not to be called if the track is ready or done. */
  advance(): void {
    this.#batch = undefined;
    this.#row = this.#note = 0;
    this.#batches ??= this.#nextPart();
    const next = this.#batches?.next();
    if (!next) this.#done = true;
    else if (!next.done) this.#batch = next.value;
    else {
      this.#batches = undefined;
      this.#ended(this.#part!, next.value);
    }
  }

  /** The time of the next row; -Infinity if it has none. Only for a track that is ready. */
  get time(): number {
    const batch = this.#batch!;
    return (this.#row < batch.length ? batch.time(this.#row) : undefined) ?? -Infinity;
  }

  /** Takes the next note, or all rows with the next row's time, which were one table. */
  takeTable(): Piece {
    const note = this.#dueNote();
    if (note) return note;
    const { time } = this;
    const rows: Row[] = [];
    // A large table may continue in the next batch.
    do rows.push(this.#rowOf(this.#batch!, this.#row++));
    while (this.#reachRow() && this.time === time);
    return { type: "rows", length: 1, row: () => new Table(time, rows) };
  }

  /** Takes the next note, or at most `most` rows up to `end`. The next row must not be later than `end`. */
  take(end: number, most: number): Piece {
    const due = this.#dueNote();
    if (due) return due;
    const batch = this.#batch!;
    const start = this.#row;
    const last = Math.min(batch.notes[this.#note]?.at ?? batch.length, start + most);
    do this.#row++;
    while (this.#row < last && this.time <= end);
    return { type: "rows", length: this.#row - start, row: (index) => this.#rowOf(batch, start + index) };
  }

  #rowOf(batch: RecordedBatch, index: number): Row {
    return this.#nanoseconds ? batch.exactRow(index) : batch.row(index);
  }

  /** Moves to the next row. False if a note comes first, or nothing. */
  #reachRow(): boolean {
    while (!this.isReady && !this.isDone) this.advance();
    return this.isReady && this.#row < this.#batch!.length;
  }

  #dueNote(): Piece | undefined {
    const note = this.#batch!.notes[this.#note];
    if (!note || note.at > this.#row) return undefined;
    this.#note++;
    return { type: "note", note: note.note };
  }

  close(): void {
    this.#batches?.return({ whole: 0, dropped: 0, finished: true });
  }

  #nextPart(): Generator<RecordedBatch, Ending> | undefined {
    const { value: part } = this.#parts.next();
    this.#part = part;
    return part?.batches();
  }
}
