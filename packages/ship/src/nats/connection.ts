import { stateOf } from "@rxbpf/core/events";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { readFileSync } from "node:fs";

import type { Address, Secrets } from "../address.js";
import { Refused } from "../target.js";

const CONNECT_MS = 5000;

/** The stream, if the URL names none, and the first part of all subjects. */
export const STREAM = "rxbpf";

/** The name of the stream. */
export function streamOf({ query }: Address): string {
  return query.get("stream") ?? STREAM;
}

/** Connects once. @throws Refused for wrong credentials; Error if the server cannot be reached */
export async function connectTo({ host, tls, shown }: Address, secrets: Secrets): Promise<NatsConnection> {
  const [user, pass, token, creds] = ["NATS_USER", "NATS_PASSWORD", "NATS_TOKEN", "NATS_CREDS"].map(secrets);
  try {
    return await connect({
      servers: host,
      name: "rxbpf",
      reconnect: false,
      ignoreClusterUpdates: true,
      timeout: CONNECT_MS,
      // With null the client would not even accept TLS.
      ...(tls && { tls: {} }),
      ...(user !== undefined && { user }),
      ...(pass !== undefined && { pass }),
      ...(token !== undefined && { token }),
      ...(creds !== undefined && { authenticator: credsAuthenticator(readFileSync(creds)) }),
    });
  } catch (cause) {
    const error = cause as Error;
    if (error.name === "AuthorizationError")
      throw new Refused(
        `Cannot use ${shown}: it refused the credentials; set NATS_USER and NATS_PASSWORD, NATS_TOKEN, or NATS_CREDS`,
        { cause },
      );
    if (/does not support 'tls'/.test(error.message))
      throw new Refused(`Cannot use ${shown}: it does not offer TLS; turn TLS on there, or add ?tls=off`, { cause });
    throw new Error(`Cannot reach ${shown}: ${reachState(error)}`, { cause });
  }
}

function reachState(error: Error): string {
  const inner = (error.cause ?? error) as NodeJS.ErrnoException;
  return inner.errno === undefined ? error.message : stateOf(inner);
}
