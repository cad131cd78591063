import { setImmediate } from "node:timers/promises";

import type { EventStream, Lost, Status } from "@rxbpf/core";
import { Consumer } from "@rxbpf/core/events";
import { filter, firstValueFrom, Subject, type Subscription } from "rxjs";
import { onTestFinished, vi } from "vitest";

/** A subscription and everything that it has delivered. */
export interface Recording<E> {
  readonly events: readonly E[];
  readonly statuses: readonly Status[];
  /** How many events were lost, for all reasons together. */
  lost(): number;
  /** The first matching event, once it has come. @throws Error after `deadlineMs` */
  find(wanted: (event: E) => boolean, deadlineMs?: number): Promise<E>;
  /** Resolves when the stream ends by itself, rejects with its error. */
  readonly completed: Promise<void>;
  /** Ends the stream in good order, with everything that has happened so far. Resolves to all events. */
  finish(): Promise<readonly E[]>;
  hold(): void;
  release(): void;
  /** Ends it at once. Otherwise it ends with the test. */
  unsubscribe(): void;
}

/** Subscribes to a stream and resolves once its programs are attached. Rejects if they cannot be. */
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
  await setImmediate(); // lets streams that are already attached read their rings

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

/** All events of a stream while `action` runs. The action starts once the stream is attached. */
export async function collect<E>(stream: EventStream<E>, action: () => Promise<unknown>): Promise<readonly E[]> {
  const recording = await record(stream);
  await action();
  return recording.finish();
}
