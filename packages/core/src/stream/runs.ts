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
  /** Events that happened and could not be delivered, so far. */
  readonly lost: number;
  /** Ends it in good order, as `EventStream.until` does. */
  stop(): void;
}

/** What runs now, the oldest first: every subscription to an `EventStream` that has not ended. */
export function runs(): readonly StreamRun[] {
  return [...running];
}

const said = new Subject<Status>();

/** What all streams say of themselves: attachment, losses and notices, as they come. Does not complete. */
export const statuses: Observable<Status> = said.asObservable();

const running = new Set<ListedRun>();
let last = 0;

/** What is known of one subscription. */
export class ListedRun implements StreamRun {
  readonly id = ++last;
  readonly since = Date.now();
  readonly info: StreamInfo;
  events = 0;
  lost = 0;
  #run: Run | undefined;
  #ended = false;

  constructor(info: StreamInfo) {
    this.info = info;
  }

  begin(run: Run): void {
    this.#run = run;
    if (!this.#ended) running.add(this);
  }

  end(): void {
    this.#ended = true;
    running.delete(this);
  }

  tell(status: Status): void {
    if (status.type === "lost") this.lost += status.count;
    said.next(status);
  }

  stop(): void {
    this.#run?.stop();
  }
}
