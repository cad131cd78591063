import { AsyncLocalStorage } from "node:async_hooks";

import { type Observable, Subject } from "rxjs";

import type { Run, Status, StreamInfo } from "./source.js";

/** A source that runs in this process. */
export interface StreamRun {
  /** Counts from 1, in the order of attaching. */
  readonly id: number;
  readonly info: StreamInfo;
  /** Unix milliseconds when it was attached. */
  readonly since: number;
  /** Events delivered so far. */
  readonly events: number;
  /** Events lost so far: they happened and could not be delivered. */
  readonly lost: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Ends it in good order, as `EventStream.until` does. */
  stop(): void;
}

/** All running subscriptions to an `EventStream`, the oldest first. */
export function runs(): readonly StreamRun[] {
  return [...running];
}

const collectors = new AsyncLocalStorage<StreamRun[]>();

/** Calls a function, and adds the runs that it starts to a list: now, and later in what it awaits and schedules. */
export function collectRuns<T>(into: StreamRun[], act: () => T): T {
  return collectors.run(into, act);
}

const said = new Subject<Status>();

/** Attachment, losses and notices of all streams, as they come. Does not complete. */
export const statuses: Observable<Status> = said.asObservable();

const running = new Set<ListedRun>();
let last = 0;

/** The record of one subscription. */
export class ListedRun implements StreamRun {
  readonly id = ++last;
  readonly since = Date.now();
  readonly info: StreamInfo;
  events = 0;
  lost = 0;
  readonly ended: Promise<void>;
  #run: Run | undefined;
  #ended = false;
  #tellEnd!: () => void;

  constructor(info: StreamInfo) {
    this.info = info;
    this.ended = new Promise((resolve) => (this.#tellEnd = resolve));
  }

  begin(run: Run): void {
    this.#run = run;
    if (!this.#ended) running.add(this);
    collectors.getStore()?.push(this);
  }

  end(): void {
    this.#ended = true;
    running.delete(this);
    this.#tellEnd();
  }

  tell(status: Status): void {
    if (status.type === "lost") this.lost += status.count;
    said.next(status);
  }

  stop(): void {
    this.#run?.stop();
  }
}
