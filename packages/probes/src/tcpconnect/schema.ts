import type { EventOf, RowOf } from "@rxbpf/core";
import { address, bool, bytes, f64, optional, schema, text, u16, u32, u64, u8, who } from "@rxbpf/core/events";

import { connectionFields } from "../define/tcp.js";

/** The fields of a `ConnectEvent`. */
export const connectEvent = schema("connect_event", {
  ...connectionFields,
  query: optional(
    text("with the option `dns`: the name that resolved to the remote address last, if an answer was seen"),
  ),
  queryAgeMs: optional(f64("how long before the connect the answer came, in milliseconds")),
});

/** A connection that a process started: its SYN was sent, with whatever result. */
export interface ConnectEvent extends EventOf<typeof connectEvent> {}

/** A DNS packet that a process sends or has received, as the program reports it. */
export const dnsPacket = schema("dns_packet", {
  ...who,
  socket: u64("inode number of the socket"),
  netnsId: u32("inode number of the socket's network namespace"),
  server: address("address of the DNS server"),
  query: bool("whether the process sends it"),
  packet: bytes("the packet, at most 4096 bytes"),
});

export interface DnsPacket extends EventOf<typeof dnsPacket> {}

export const connectKey = {
  ip: u8("IP version, 4 or 6"),
  localAddress: address("address at this end"),
  remoteAddress: address("address at the other end"),
  remotePort: u16("port at the other end"),
} as const;

export const connectCounts = { count: u64("connections started") } as const;

/** How many connections were started between two addresses, to one port. */
export type ConnectCount = RowOf<typeof connectKey & typeof connectCounts>;
