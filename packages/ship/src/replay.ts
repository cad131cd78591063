import type { EventStream } from "@rxbpf/core";
import { replay as replayFiles, type ReplayOptions } from "@rxbpf/sinks";

import type { ReplayNatsOptions } from "./nats/replay.js";

type Row = Readonly<Record<string, unknown>>;

/**
 * Makes a stream of the events that hosts have sent to NATS JetStream with `shipRecordings`: the same rows as a replay
 * of their recordings gives, with losses. `url` is `nats://HOST`, or `nats://HOST/PROBE` for one probe; `?host=NAME`
 * selects one host. The events of each host and probe are in order; those of several are in the order in which they
 * arrived. Each row has the host's name as `host`, or as `machine` if the events have a `host` themselves, unless one
 * host was selected. If there are several probes, each row has the probe's name as `probe`.
 *
 * Resolves once the fields of the events are known. A subscription connects anew, and ends with what had arrived by
 * then, unless it is live. What the server has need not be trusted, as a recording need not.
 * @throws RangeError for another URL; Error if the server cannot be reached, or has no such events
 */
export async function replayNats<E = Row>(url: string, options?: ReplayNatsOptions): Promise<EventStream<E>> {
  const { openNats } = await import("./nats/replay.js");
  return openNats<E>(url, options);
}

/**
 * Makes a stream of recorded events, from files as `replay` of `@rxbpf/sinks` does, or from a server as `replayNats`
 * does: then it is to be awaited. `await replay("nats://server/opensnoop")`
 */
export function replay<E = Row>(
  url: `nats://${string}` | `tls://${string}`,
  options?: ReplayNatsOptions,
): Promise<EventStream<E>>;
export function replay<E = Row>(path: string | readonly string[], options?: ReplayOptions): EventStream<E>;
export function replay<E = Row>(
  from: string | readonly string[],
  options?: ReplayNatsOptions | ReplayOptions,
): Promise<EventStream<E>> | EventStream<E> {
  if (typeof from === "string" && isNats(from)) return replayNats<E>(from, options as ReplayNatsOptions);
  return replayFiles<E>(from, options as ReplayOptions);
}

/** Whether a text is the URL of a NATS server. */
export function isNats(text: string): boolean {
  return /^(nats|tls):\/\//.test(text);
}
