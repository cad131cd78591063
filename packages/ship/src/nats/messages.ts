import { jetstream, jetstreamManager, type JetStreamManager, type JsMsg } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Opened, openParcel, type RecordingInfo } from "@rxbpf/sinks";

import type { Address } from "../address.js";
import { streamOf } from "./connection.js";
import { HEADERS, subjectsOf } from "./subject.js";

/** What probes sent, one for each probe and set of fields. */
export type Infos = readonly [RecordingInfo, ...RecordingInfo[]];

/** How many messages are fetched ahead. Each is at most what the server takes, 1 MiB by default. */
const AHEAD = 16;

/** What the server has of an address, by the last message of each subject. @throws Error if there is nothing */
export async function find(jsm: JetStreamManager, address: Address): Promise<Infos> {
  const stream = streamOf(address);
  const filter = filterOf(address);
  const { state } = await jsm.streams.info(stream, { subjects_filter: filter });
  const infos = new Map<string, RecordingInfo>();
  for (const subject of Object.keys(state.subjects ?? {})) {
    const message = await jsm.streams.getMessage(stream, { last_by_subj: subject });
    if (!message) continue;
    const { info } = openParcel(new Uint8Array(message.data), `the last message of ${subject}`);
    infos.set(keyOf(info), info);
  }
  const all = [...infos.values()];
  if (all.length === 0) throw new Error(`the stream ${stream} has no events of ${filter}`);
  return all as unknown as Infos;
}

function filterOf({ path, query }: Address): string {
  return subjectsOf(query.get("host"), path === "" ? undefined : path);
}

/** The host's name: as it was sent, or else as in the recording. */
export function hostOf({ headers }: JsMsg, { host }: RecordingInfo): string {
  const sent = headers?.get(HEADERS.host);
  try {
    return sent ? decodeURIComponent(sent) : host;
  } catch {
    return host;
  }
}

/** The same for recordings of one probe with the same fields. */
export function keyOf({ probe, output, schema }: RecordingInfo): string {
  const fields = Object.entries(schema.fields).map(([name, { kind, optional }]) => [name, kind, optional]);
  return JSON.stringify([probe, output, fields]);
}

/** The messages of an address, one after the other. Ends with the last that there was, unless it is live. */
export async function* messages(
  nc: NatsConnection,
  address: Address,
  { from, live }: { readonly from: Date | undefined; readonly live: boolean },
): AsyncGenerator<Arrived> {
  try {
    const stream = streamOf(address);
    const jsm = await jetstreamManager(nc);
    const consumer = await jetstream(nc).consumers.get(stream, {
      filter_subjects: filterOf(address),
      ...(from
        ? { deliver_policy: "by_start_time", opt_start_time: from.toISOString() }
        : { deliver_policy: live ? "new" : "all" }),
    });
    const { state } = await jsm.streams.info(stream);
    if (!live && (await consumer.info()).num_pending === 0) return;
    for await (const message of await consumer.consume({ max_messages: AHEAD })) {
      yield { opened: opened(message), message };
      if (!live && (message.seq >= state.last_seq || message.info.pending === 0)) return;
    }
    const cause = await nc.closed();
    throw new Error("the connection was closed", { cause });
  } finally {
    await nc.close();
  }
}

/** A message, and what it holds; the reason if it is no batch. */
export interface Arrived {
  readonly message: JsMsg;
  readonly opened: Opened | Error;
}

function opened(message: JsMsg): Opened | Error {
  try {
    // A copy, as its place in the client's memory is not aligned.
    return openParcel(new Uint8Array(message.data), `message ${message.seq} of ${message.subject}`);
  } catch (error) {
    return error as Error;
  }
}
