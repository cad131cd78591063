import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { EventStream, type StreamInfo } from "@rxbpf/core";
import { text } from "@rxbpf/core/events";
import { replayedInfo } from "@rxbpf/sinks";

import { type Address, parseAddress, secretsFrom } from "../address.js";
import { connectTo } from "./connection.js";
import { Delivery } from "./delivery.js";
import { find, type Infos, messages } from "./messages.js";

/** Options of `replayNats`. */
export interface ReplayNatsOptions {
  /** Only what arrived at the server from then on. */
  readonly from?: Date | undefined;
  /** Goes on with what arrives, until it is unsubscribed; from now on, unless `from` says otherwise. */
  readonly live?: boolean | undefined;
  /** A file with credentials, as lines `NAME=VALUE`; what it does not have is taken from the environment. */
  readonly credentials?: string | undefined;
}

/** See `replayNats`. */
export async function openNats<E = Readonly<Record<string, unknown>>>(
  url: string,
  { from, live = false, credentials }: ReplayNatsOptions = {},
): Promise<EventStream<E>> {
  const address = parseAddress(url);
  if (address.engine !== "nats")
    throw new RangeError(`Cannot replay ${address.shown}: only nats:// URLs can be replayed`);
  const secrets = secretsFrom(credentials);
  const connection = (): Promise<NatsConnection> => connectTo(address, secrets);
  const nc = await connection();
  let infos: Infos;
  try {
    infos = await find(await jetstreamManager(nc), address);
  } catch (error) {
    throw explained(address, error);
  } finally {
    await nc.close();
  }
  const info = replayedInfo(infos);
  const named = address.query.has("host") ? undefined : nameFor(info);
  return new EventStream<E>(named === undefined ? info : withHost(info, named), (receiver) => {
    const delivery = new Delivery(receiver as never, infos, named);
    void delivery.run(
      async (signal) => {
        const nc = await connection();
        const close = (): void => void nc.close();
        signal.addEventListener("abort", close);
        if (signal.aborted) close();
        return messages(nc, address, { from, live });
      },
      (error) => explained(address, error),
    );
    return delivery;
  });
}

/** The name of the field that says which host an event is of. */
function nameFor({ schema }: StreamInfo): string {
  return Object.hasOwn(schema.fields, "host") ? "machine" : "host";
}

function withHost(info: StreamInfo, name: string): StreamInfo {
  const { struct, fields } = info.schema;
  return { ...info, schema: { struct, fields: { [name]: text("the host that saw it"), ...fields } } };
}

function explained({ shown }: Address, error: unknown): Error {
  const { message } = error as Error;
  return new Error(message.startsWith("Cannot ") ? message : `Cannot replay ${shown}: ${message}`, { cause: error });
}
