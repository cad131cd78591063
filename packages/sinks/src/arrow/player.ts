import type { Table } from "@rxbpf/core";
import type { Run, Receiver } from "@rxbpf/core/events";

import { type Piece, Track } from "./track.js";

/** How many rows are delivered at once, and how long delivery may take in one turn of the event loop. */
const MOST_ROWS = 4096;
const TURN_MS = 10;
const MOST_WAIT_MS = 2 ** 31 - 1;

/** A track, and how its rows are delivered. */
export interface Played {
  readonly track: Track;
  /** Whether its rows are those of tables. */
  readonly tables: boolean;
  readonly change: (event: Readonly<Record<string, unknown>> | Table<Readonly<Record<string, unknown>>>) => unknown;
}

/**
 * Delivers tracks merged by time, as fast as the receiver takes them or at a given pace. Its methods are own
 * properties, as a run's must be.
 */
export class Player implements Run {
  readonly #receiver: Receiver<unknown>;
  readonly #tracks: Played[];
  readonly #speed: number;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  /** A moment of the recording, and the `performance.now()` at which it was delivered. */
  #start: { readonly recorded: number; readonly now: number } | undefined;
  #holds = 0;
  #stopped = false;
  #closed = false;

  /** @param speed how many times faster than recorded; Infinity never waits */
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

  /** The track to deliver from next, and until which moment. All tracks must be ready or done. */
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

  /** Up to which moment of the recording rows can be delivered now. */
  #reached(): number {
    if (this.#speed === Infinity || !this.#start) return Infinity;
    return this.#start.recorded + (performance.now() - this.#start.now) * this.#speed;
  }

  /** How many milliseconds to wait for a moment of the recording. */
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
