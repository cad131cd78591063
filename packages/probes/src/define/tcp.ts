import type { Variant } from "@rxbpf/core/bpf";
import { address, u16, u32, u8, who } from "@rxbpf/core/events";

import { withIoUring } from "./io-uring.js";
import { flag, type Option, type Selection, show, UsageError } from "./options.js";
import { selecting } from "./selection.js";

/** Both ends of a connection, as in `struct connection` of bpf/include/tcp.bpf.h. */
export const ends = {
  ip: u8("IP version of its packets, 4 or 6"),
  localAddress: address("address at this end"),
  localPort: u16("port at this end"),
  remoteAddress: address("address at the other end"),
  remotePort: u16("port at the other end"),
  netnsId: u32("inode number of the socket's network namespace"),
} as const;

/** The same, and who caused the event. */
export const connectionFields = { ...who, ...ends } as const;

const MAX_PORTS = 64;

/**
 * The option that selects by port: a list of numbers, or a text with commas.
 * @param list the name of the ports in the program: `ports`, as in bpf/include/tcp.bpf.h, or another for a second list
 */
export function ports(
  field: "localPort" | "remotePort",
  help: string,
  names: { short: string; value: string },
  list: string = "ports",
): Option<readonly number[]> {
  const selection: Selection<readonly number[]> = {
    constants: (only) => ({ [`${list}_count`]: only.length, [`only_${list}`]: Uint16Array.from(only) }),
    field,
    matches: (only, event: { readonly [K in typeof field]: number }) => only.includes(event[field]),
  };
  return {
    kind: "text",
    selection,
    help,
    ...names,
    parse: (given, name) => {
      const parts: unknown[] = typeof given === "string" ? given.split(",") : [given].flat();
      const numbers = parts.map((part) => (typeof part === "string" && /^\d+$/.test(part) ? Number(part) : part));
      if (numbers.length > MAX_PORTS) throw new UsageError(`${name} takes at most ${MAX_PORTS} ports`);
      const isPort = (number: unknown): boolean =>
        Number.isInteger(number) && Number(number) >= 1 && Number(number) <= 65535;
      if (numbers.length === 0 || !numbers.every(isPort))
        throw new UsageError(`${name} takes ports from 1 to 65535, separated by commas, not ${show(given)}`);
      return numbers as number[];
    },
  };
}

/** The options that select an IP version. */
export const ipOptions = {
  ipv4: selecting(flag("only IPv4", { short: "4" }), ipVersion(4)),
  ipv6: selecting(flag("only IPv6", { short: "6" }), ipVersion(6)),
} as const;

function ipVersion(version: number): Selection<boolean> {
  return {
    constants: (only) => ({ only_ip: only ? version : undefined }),
    field: "ip",
    matches: (only, event: { readonly ip: number }) => !only || event.ip === version,
  };
}

interface Chosen {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

/** @throws UsageError if both versions are given */
export function checkIp({ ipv4, ipv6 }: Chosen): void {
  if (ipv4 && ipv6) throw new UsageError("ipv4 and ipv6 exclude each other");
}

/** The variants of a probe with a program that includes bpf/include/accept.bpf.h. */
export function accepting(without: Variant): readonly Variant[] {
  return withIoUring(without, "connections accepted through io_uring", ["io_uring_wake"]);
}
