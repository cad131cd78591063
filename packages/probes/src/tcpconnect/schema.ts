import { address, bytes, type EventOf, type RowOf, schema, u16, u64, u8, who } from "@rxbpf/core";

import { connectionFields } from "../define/tcp.js";

export const connectEvent = schema("connect_event", connectionFields);

/** A connection that a process started: its SYN was sent, whatever became of it. */
export interface ConnectEvent extends EventOf<typeof connectEvent> {
  /** With the option `dns`: the name whose answer gave the remote address last, if one was seen. */
  readonly query?: string;
  /** How long before the connect that answer came, in milliseconds. */
  readonly queryAgeMs?: number;
}

/** What the program tells of an answer to a DNS query that some process received. */
export const dnsAnswer = schema("dns_answer", {
  ...who,
  packet: bytes("the packet as it was received, at most 4096 bytes"),
});

export const connectKey = schema("connect_key", {
  ip: u8("IP version, 4 or 6"),
  localAddress: address("address at this end"),
  remoteAddress: address("address at the other end"),
  remotePort: u16("port at the other end"),
});

export const connectCounter = schema("connect_count", { count: u64("connections started") });

/** How many connections were started between two addresses and to one port. */
export type ConnectCount = RowOf<typeof connectKey.fields & typeof connectCounter.fields>;
