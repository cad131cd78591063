import { address, type Knob, u16, u32, u8, type Variant, who } from "@rxbpf/core";

import { withIoUring } from "./io-uring.js";
import { flag, isWanted, type Option, show, UsageError } from "./options.js";

/** Both ends of a connection, as `struct connection` in bpf/include/tcp.bpf.h, and who caused the event. */
export const connectionFields = {
  ...who,
  ip: u8("IP version of its packets, 4 or 6"),
  localAddress: address("address at this end"),
  localPort: u16("port at this end"),
  remoteAddress: address("address at the other end"),
  remotePort: u16("port at the other end"),
  netnsId: u32("inode number of the socket's network namespace"),
} as const;

const MAX_PORTS = 64;

/** Ports, as a list or as text with commas. */
export function ports(help: string, names: { short: string; value: string }): Option<readonly number[]> {
  return {
    kind: "text",
    help,
    ...names,
    parse: (given, name) => {
      const parts: unknown[] = typeof given === "string" ? given.split(",") : [given].flat();
      const numbers = parts.map((part) => (typeof part === "string" && /^\d+$/.test(part) ? Number(part) : part));
      if (numbers.length > MAX_PORTS) throw new UsageError(`${name} takes at most ${MAX_PORTS} ports`);
      const isPort = (number: unknown): boolean =>
        Number.isInteger(number) && Number(number) >= 1 && Number(number) <= 65535;
      if (numbers.length === 0 || !numbers.every(isPort))
        throw new UsageError(`${name} takes ports from 1 to 65535 with commas between, not ${show(given)}`);
      return numbers as number[];
    },
  };
}

/** The options that choose an IP version. */
export const ipOptions = {
  ipv4: flag("only IPv4", { short: "4" }),
  ipv6: flag("only IPv6", { short: "6" }),
} as const;

interface Chosen {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

/** @throws UsageError for both versions, which leave nothing */
export function checkIp({ ipv4, ipv6 }: Chosen): void {
  if (ipv4 && ipv6) throw new UsageError("ipv4 and ipv6 exclude each other");
}

/** Whether an event is of the IP version that was chosen, if one was. */
export function isOfIp({ ipv4, ipv6 }: Chosen, ip: number): boolean {
  return isWanted(ipv4 ? 4 : ipv6 ? 6 : undefined, ip);
}

/** The variants of a probe of which a program includes bpf/include/accept.bpf.h. */
export function accepting(without: Variant): readonly Variant[] {
  return withIoUring(without, "connections accepted through io_uring", ["io_uring_wake"]);
}

/** The switches of bpf/include/tcp.bpf.h. */
export function tcpKnobs({ ipv4, ipv6 }: Chosen, only: readonly number[] = []): Readonly<Record<string, Knob>> {
  return {
    only_ip: ipv4 ? 4 : ipv6 ? 6 : undefined,
    ports_count: only.length,
    only_ports: Uint16Array.from(only),
  };
}
