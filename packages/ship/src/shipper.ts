import { setTimeout as delay } from "node:timers/promises";

import { eventTime } from "@rxbpf/core/events";
import { lossParcel, type Parcel, parcels } from "@rxbpf/sinks";

import { originOf } from "./origin.js";
import { Position, type Reached } from "./position.js";
import type { Spool, Spooled } from "./spool.js";
import { Refused, type Target } from "./target.js";

/** How often to look for new batches. */
const LOOK_MS = 250;
/** How long to wait before sending again, at first and at most. */
const RETRY_MS = 100;
const MOST_RETRY_MS = 10_000;
/** How long to go on trying once everything that is there is to be sent. */
const PATIENCE_MS = 30_000;

/** The reason of a loss: the spool's files were removed before they could be sent. */
const REMOVED = "spool full";

/** What was sent to one target. */
export interface Shipped {
  readonly target: string;
  readonly batches: number;
  readonly events: number;
  /** Events whose files were removed before they could be sent. */
  readonly lost: number;
}

/** How shippers are told to end. */
export interface ShippingEnd {
  /** Ends them after the batches that are under way. */
  readonly signal: AbortSignal;
  /** Ends them once everything that is there was sent. */
  readonly draining: boolean;
}

export interface ShipperOptions {
  readonly ending: ShippingEnd;
  /** The host's name, if it is not what recordings say. */
  readonly host?: string | undefined;
  /** Takes what a person should know, one line each. */
  readonly tell: (message: string) => void;
  /** Called for each file that was sent as a whole and nothing more will come to, again and again while it is there. */
  readonly sent?: (file: Spooled) => void;
}

/**
 * Sends the recordings of a spool to one target: in the order of recording for each run, each batch until it is
 * acknowledged. How far it got is written to the spool after each batch.
 */
export class Shipper {
  readonly #spool: Spool;
  readonly #target: Target;
  readonly #position: Position;
  readonly #options: ShipperOptions;
  /** The length that each file had when it was last read to its end. */
  readonly #sizes = new Map<string, number>();
  /** Whether the target may have the next batch already. */
  #again = true;
  #connected = false;
  #shipped: { batches: number; events: number; lost: number } = { batches: 0, events: 0, lost: 0 };

  constructor(spool: Spool, target: Target, position: Position, options: ShipperOptions) {
    this.#spool = spool;
    this.#target = target;
    this.#position = position;
    this.#options = options;
  }

  /**
   * Sends until it is told to end.
   * @throws Refused if the target will not take what it is sent; Error if it cannot be reached, or the spool cannot be
   * read. What was not acknowledged stays to be sent
   */
  async run(): Promise<Shipped> {
    const { ending } = this.#options;
    while (!ending.signal.aborted) {
      const last = ending.draining;
      if (await this.#pass()) continue;
      if (last) break;
      await delay(LOOK_MS, undefined, { signal: ending.signal }).catch(() => {});
    }
    return { target: this.#position.target, ...this.#shipped };
  }

  /** Sends the next file of each run, as far as it goes. Returns whether there may be more to send now. */
  async #pass(): Promise<boolean> {
    const runs = this.#spool.runs();
    this.#forget(runs.flat());
    let more = false;
    for (const run of runs) {
      const next = run.find((file) => !this.isOver(file));
      if (next && (await this.#sendIfThere(next)) && !this.#options.ending.signal.aborted) more ||= next !== run.at(-1);
      for (const file of run) if (this.isOver(file)) this.#options.sent?.(file);
    }
    return more;
  }

  /** Whether all of a file was sent and nothing more is to come. */
  isOver(file: Spooled): boolean {
    const { over } = this.#position.recordings.get(file.id) ?? {};
    return over !== undefined && over === this.#spool.size(file);
  }

  /** Sends what a file has, unless it is removed meanwhile. Returns whether nothing more will come. */
  async #sendIfThere(file: Spooled): Promise<boolean> {
    try {
      return await this.#sendFile(file);
    } catch (error) {
      if (error instanceof Refused || this.#spool.size(file) !== undefined) throw error;
      return false;
    }
  }

  /** Sends what a file has. Returns whether nothing more will come. */
  async #sendFile(file: Spooled): Promise<boolean> {
    const size = this.#spool.size(file);
    if (size === undefined) return false;
    // Asked before it is read, so that its last batch is not missed.
    const isOver = this.#spool.isAbandoned(file);
    if (this.#sizes.get(file.id) === size && !isOver) return false;
    if (!(await this.#tellGap(file))) return false;
    const unread = parcels(file.recording.path, this.#reachedOf(file).end);
    try {
      for (let next = unread.next(); ; next = unread.next()) {
        if (next.done) {
          const { finished, dropped } = next.value;
          this.#sizes.set(file.id, size);
          return (finished || isOver) && (await this.#conclude(file, dropped));
        }
        if (!(await this.#sendParcel(file, next.value))) return false;
      }
    } finally {
      unread.return({ whole: 0, dropped: 0, finished: false });
    }
  }

  async #sendParcel(file: Spooled, parcel: Parcel): Promise<boolean> {
    const reached = this.#reachedOf(file);
    if (!(await this.#send(file, String(reached.batches), parcel))) return false;
    const rows = reached.rows + parcel.length;
    this.#shipped.batches++;
    this.#shipped.events += parcel.length;
    this.#position.runs.set(file.run, rows);
    await this.#save(file, { batches: reached.batches + 1, end: parcel.end, rows });
    return true;
  }

  async #conclude(file: Spooled, dropped: number): Promise<boolean> {
    const over = this.#spool.size(file);
    if (over === undefined) return false;
    if (dropped > 0)
      this.#options.tell(`${file.name} was not finished; ${dropped} bytes at its end are no whole batch`);
    await this.#save(file, { ...this.#reachedOf(file), over });
    return true;
  }

  #reachedOf({ id, recording }: Spooled): Reached {
    return this.#position.recordings.get(id) ?? { batches: 0, end: 0, rows: recording.info.rowsBefore };
  }

  async #save(file: Spooled, reached: Reached): Promise<void> {
    this.#position.recordings.set(file.id, reached);
    this.#position.known.add(file.recording.info.probe);
    await this.#position.save();
  }

  /**
   * Tells the target of events of the same run whose files were removed before they could be sent. Returns whether the
   * file may be sent now.
   */
  async #tellGap(file: Spooled): Promise<boolean> {
    const { recording, id, run, name } = file;
    const { probe, rowsBefore } = recording.info;
    const { recordings, runs, known } = this.#position;
    // What was removed before anything was ever sent is not missed.
    const before = runs.get(run) ?? (known.has(probe) ? 0 : rowsBefore);
    const count = rowsBefore - before;
    if (recordings.has(id) || count <= 0) return true;
    const lost = { type: "lost", time: eventTime(), count, total: count, reason: REMOVED } as const;
    this.#options.tell(`${count} events of ${probe} before ${name} were removed before they could be sent`);
    if (!(await this.#send(file, "before", await lossParcel(recording.path, lost)))) return false;
    runs.set(run, rowsBefore);
    this.#shipped.lost += count;
    await this.#save(file, this.#reachedOf(file));
    return true;
  }

  /** Sends a batch until the target has acknowledged it. Returns false if this was told to end before. */
  async #send({ recording: { info } }: Spooled, batch: string, parcel: Parcel): Promise<boolean> {
    const sent = { origin: originOf(info, this.#options.host), info, batch, parcel };
    const { ending, tell } = this.#options;
    const { signal } = ending;
    let since: number | undefined;
    for (let wait = RETRY_MS; !signal.aborted; wait = Math.min(2 * wait, MOST_RETRY_MS)) {
      try {
        await this.#target.connect();
        this.#connected = true;
        await this.#target.send(sent, this.#again);
        this.#again = false;
        if (since !== undefined) tell(`${this.#position.target} takes batches again`);
        return true;
      } catch (error) {
        this.#again = true;
        if (error instanceof Refused) throw error;
        if (ending.draining && this.#isHopeless(since)) throw error;
        if (since === undefined) tell(`${(error as Error).message}; trying again until it takes them`);
        since ??= performance.now();
        await delay(wait, undefined, { signal }).catch(() => {});
      }
    }
    return false;
  }

  /** Whether to give up: the target was never reached, or takes nothing since a while. */
  #isHopeless(since: number | undefined): boolean {
    return since === undefined ? !this.#connected : performance.now() - since > PATIENCE_MS;
  }

  /** Forgets recordings and runs whose files are gone. */
  #forget(files: readonly Spooled[]): void {
    const [ids, names] = [new Set(files.map(({ id }) => id)), new Set(files.map(({ run }) => run))];
    for (const id of this.#position.recordings.keys()) if (!ids.has(id)) this.#position.recordings.delete(id);
    for (const run of this.#position.runs.keys()) if (!names.has(run)) this.#position.runs.delete(run);
  }
}
