import type { Table } from "@rxbpf/core";
import type { Run, Receiver } from "@rxbpf/core/events";

import { type Piece, Track } from "./track.js";

/** Rows that are delivered in one go, and for how long one turn of the event loop goes on. */
const MOST_ROWS = 4096;
const TURN_MS = 10;
const MOST_WAIT_MS = 2 ** 31 - 1;

/** A track, and what becomes of its rows. */
export interface Played {
  readonly track: Track;
  /** Whether its rows are those of tables. */
  readonly tables: boolean;
  readonly change: (event: Readonly<Record<string, unknown>> | Table<Readonly<Record<string, unknown>>>) => unknown;
}

/** Delivers tracks, merged by time, as fast as their receiver takes them or at a pace. Its methods are its own properties, as a run's must be. */
export class Player implements Run {
  readonly #receiver: Receiver<unknown>;
  readonly #tracks: Played[];
  readonly #speed: number;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  /** What moment of the recording it was at which moment of `performance.now()`. */
  #start: { readonly recorded: number; readonly now: number } | undefined;
  #holds = 0;
  #stopped = false;
  #closed = false;

  /** @param speed how many times faster than it was recorded; Infinity to wait for nothing */
  constructor(receiver: Receiver<unknown>, tracks: readonly Played[], speed: number) {
    this.#receiver = receiver;
    this.#tracks = [...tracks];
    this.#speed = speed;
    this.#schedule();
  }

  readonly stop = (): void => {
    this.#stopped = true;
    this.#schedule();
  };

  readonly close = (): void => {
    this.#closed = true;
    this.#cancel();
    for (const { track } of this.#tracks) track.close();
  };

  readonly hold = (): void => {
    this.#holds++;
  };

  readonly release = (): void => {
    if (--this.#holds === 0) this.#schedule();
  };

  #schedule(waitMs: number = 0): void {
    if (this.#closed) return;
    this.#cancel();
    const turn = (): void => {
      this.#timer = undefined;
      this.#turn();
    };
    this.#timer = waitMs > 0 ? setTimeout(turn, Math.min(waitMs, MOST_WAIT_MS)) : setImmediate(turn);
  }

  #cancel(): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
  }

  #turn(): void {
    try {
      const deadline = performance.now() + TURN_MS;
      while (!this.#closed && this.#holds === 0) {
        if (performance.now() >= deadline) return this.#schedule();
        if (this.#stopped) return this.#receiver.complete();
        const unready = this.#tracks.find(({ track }) => !track.isReady && !track.isDone);
        if (unready) unready.track.advance();
        else {
          const next = this.#next();
          if (!next) return this.#receiver.complete();
          const waitMs = this.#wait(next.played.track.time);
          if (waitMs > 0) return this.#schedule(waitMs);
          const { track, tables } = next.played;
          const piece = tables ? track.takeTable() : track.take(Math.min(next.until, this.#reached()), MOST_ROWS);
          this.#deliver(next.played, piece);
        }
      }
    } catch (error) {
      this.#receiver.error(error);
    }
  }

  /** The track that is next, and until when it stays so. All are ready or done. */
  #next(): { readonly played: Played; readonly until: number } | undefined {
    let first: Played | undefined;
    let time = Infinity;
    let until = Infinity;
    for (const played of this.#tracks) {
      if (played.track.isDone) continue;
      const at = played.track.time;
      if (!first || at < time) [first, time, until] = [played, at, time];
      else if (at < until) until = at;
    }
    return first && { played: first, until };
  }

  /** The moment of the recording up to which it can be delivered now. */
  #reached(): number {
    if (this.#speed === Infinity || !this.#start) return Infinity;
    return this.#start.recorded + (performance.now() - this.#start.now) * this.#speed;
  }

  /** How long to wait for a moment of the recording, in milliseconds. */
  #wait(time: number): number {
    if (this.#speed === Infinity || time === -Infinity) return 0;
    this.#start ??= { recorded: time, now: performance.now() };
    return (time - this.#reached()) / this.#speed;
  }

  #deliver({ change }: Played, piece: Piece): void {
    if (piece.type === "rows") this.#receiver.batch({ length: piece.length, row: (index) => change(piece.row(index)) });
    else if (piece.note.type === "lost") this.#receiver.status(piece.note);
  }
}
