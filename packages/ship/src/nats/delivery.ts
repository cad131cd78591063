import { setImmediate as turn } from "node:timers/promises";

import { Table } from "@rxbpf/core";
import type { Receiver, Run } from "@rxbpf/core/events";
import type { Opened } from "@rxbpf/sinks";

import { type Arrived, hostOf, type Infos, keyOf } from "./messages.js";

type Row = Readonly<Record<string, unknown>>;

/** How many rows are delivered in one turn of the event loop. */
const MOST_ROWS = 4096;

/** Delivers batches as they arrive. Its methods are own properties, as a run's must be. */
export class Delivery implements Run {
  readonly #receiver: Receiver<unknown>;
  readonly #several: boolean;
  readonly #named: string | undefined;
  readonly #keys: ReadonlySet<string>;
  readonly #ending = new AbortController();
  readonly #told = new Set<string>();
  /** The last table of each host and probe, which may go on in the next batch. */
  readonly #open = new Map<string, { readonly time: number; readonly rows: Row[] }>();
  #holds = 0;
  #released: (() => void) | undefined;
  #stopped = false;

  /**
   * @param infos what the rows are of; others are left out
   * @param named the name of the field that gets the host's name, if any
   */
  constructor(receiver: Receiver<unknown>, infos: Infos, named: string | undefined) {
    this.#receiver = receiver;
    this.#several = infos.length > 1;
    this.#named = named;
    this.#keys = new Set(infos.map(keyOf));
  }

  readonly stop = (): void => {
    this.#stopped = true;
    this.#ending.abort();
    this.#wake();
  };

  readonly close = (): void => {
    this.#ending.abort();
    this.#wake();
  };

  readonly hold = (): void => {
    this.#holds++;
  };

  readonly release = (): void => {
    if (--this.#holds === 0) this.#wake();
  };

  /** Delivers everything. `open` connects; it must close the connection when the signal is aborted. */
  async run(
    open: (signal: AbortSignal) => Promise<AsyncIterable<Arrived>>,
    explained: (error: unknown) => Error,
  ): Promise<void> {
    const { signal } = this.#ending;
    try {
      const messages = await open(signal);
      if (!signal.aborted) this.#receiver.status({ type: "attached", programs: [] });
      for await (const arrived of messages) {
        if (signal.aborted) break;
        await this.#message(arrived);
      }
      if (!signal.aborted || this.#stopped) this.#complete();
    } catch (error) {
      // A closed connection is how it ends.
      if (!signal.aborted) this.#receiver.error(explained(error));
      else if (this.#stopped) this.#complete();
    }
  }

  #complete(): void {
    for (const { time, rows } of this.#open.values()) this.#deliver([new Table(time, rows)]);
    this.#receiver.complete();
  }

  #wake(): void {
    this.#released?.();
    this.#released = undefined;
  }

  async #message({ message, opened }: Arrived): Promise<void> {
    if (opened instanceof Error) return this.#notice(opened.message);
    if (!this.#keys.has(keyOf(opened.info)))
      return this.#notice(`batches of ${message.subject} are left out: their fields differ; replay them anew`);
    const host = hostOf(message, opened.info);
    const change = this.#changer(host, opened);
    if (opened.info.tables) return this.#tables(message.subject, opened, change);
    let note = 0;
    for (let at = 0; at <= opened.length;) {
      for (; (opened.notes[note]?.at ?? Infinity) <= at; note++) this.#note(opened.notes[note]!.note);
      if (at === opened.length) break;
      const end = Math.min(opened.notes[note]?.at ?? Infinity, at + MOST_ROWS, opened.length);
      const start = at;
      while (this.#holds > 0 && !this.#ending.signal.aborted)
        await new Promise<void>((resolve) => (this.#released = resolve));
      if (this.#ending.signal.aborted) return;
      this.#receiver.batch({ length: end - start, row: (index) => change(opened.row(start + index)) });
      at = end;
      if (at < opened.length) await turn();
    }
  }

  /** Delivers the tables that ended in this batch; the last may go on in the next. */
  #tables(subject: string, opened: Opened, change: (row: Row) => Row): void {
    const done: Table<Row>[] = [];
    for (let i = 0; i < opened.length; i++) {
      const time = opened.time(i) ?? 0;
      const before = this.#open.get(subject);
      if (before?.time === time) before.rows.push(change(opened.row(i)));
      else {
        if (before) done.push(new Table(before.time, before.rows));
        this.#open.set(subject, { time, rows: [change(opened.row(i))] });
      }
    }
    this.#deliver(done);
    for (const { note } of opened.notes) this.#note(note);
  }

  #deliver(tables: readonly Table<Row>[]): void {
    if (tables.length > 0) this.#receiver.batch({ length: tables.length, row: (index) => tables[index]! });
  }

  #note(note: Opened["notes"][number]["note"]): void {
    if (note.type === "lost") this.#receiver.status(note);
  }

  /** Makes the function that adds to a row where it comes from. */
  #changer(host: string, { info: { probe } }: Opened): (row: Row) => Row {
    const [several, named] = [this.#several, this.#named];
    return (row) => ({ ...(several && { probe }), ...(named !== undefined && { [named]: host }), ...row });
  }

  #notice(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#receiver.status({ type: "notice", message });
  }
}
