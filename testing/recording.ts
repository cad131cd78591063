import { setImmediate } from "node:timers/promises";

import type { EventStream, Lost, Status } from "@rxbpf/core";
import { Consumer } from "@rxbpf/core/events";
import { filter, firstValueFrom, Subject, type Subscription } from "rxjs";
import { onTestFinished, vi } from "vitest";

/** A subscription and all that has come of it. */
export interface Recording<E> {
  readonly events: readonly E[];
  readonly statuses: readonly Status[];
  /** How many events were lost, for whatever reason. */
  lost(): number;
  /** The first event that fits, once it has come. @throws Error after `deadlineMs` */
  find(wanted: (event: E) => boolean, deadlineMs?: number): Promise<E>;
  /** Resolves when the stream ends by itself, rejects with its error. */
  readonly completed: Promise<void>;
  /** Ends the stream in good order, when what happened so far is delivered. Gives all events. */
  finish(): Promise<readonly E[]>;
  hold(): void;
  release(): void;
  /** Ends it at once. Without this it ends with the test. */
  unsubscribe(): void;
}

/** Subscribes to a stream and resolves when its programs are attached. Rejects where they cannot be. */
export async function record<E>(stream: EventStream<E>): Promise<Recording<E>> {
  const events: E[] = [];
  const statuses: Status[] = [];
  const consumer = new Consumer({ end: () => end.next(), status: (status) => statuses.push(status) });
  const end = new Subject<void>();
  const bounded = stream.until(end);
  const attached = firstValueFrom(bounded.status.pipe(filter((status) => status.type === "attached")));

  let subscription: Subscription | undefined;
  const completed = new Promise<void>((resolve, reject) => {
    const next = (event: E): void => void events.push(event);
    subscription = consumer.subscribe(bounded, { next, complete: resolve, error: reject });
  });
  onTestFinished(() => {
    subscription?.unsubscribe();
    consumer.done();
  });
  completed.catch(() => {}); // for a test that does not wait for the end
  await Promise.race([attached, completed]);
  await setImmediate(); // for the streams that are attached already: they read their rings

  return {
    events,
    statuses,
    completed,
    lost: () =>
      statuses.filter((status): status is Lost => status.type === "lost").reduce((sum, { count }) => sum + count, 0),
    find: async (wanted, deadlineMs = 5_000) => {
      await vi.waitUntil(() => events.some(wanted), { timeout: deadlineMs, interval: 5 });
      return events.find(wanted)!;
    },
    finish: async () => {
      end.next();
      await completed;
      return events;
    },
    hold: () => consumer.hold(),
    release: () => consumer.release(),
    unsubscribe: () => subscription?.unsubscribe(),
  };
}

/** All events of a stream from what `action` does. The action runs while the stream is attached. */
export async function collect<E>(stream: EventStream<E>, action: () => Promise<unknown>): Promise<readonly E[]> {
  const recording = await record(stream);
  await action();
  return recording.finish();
}
