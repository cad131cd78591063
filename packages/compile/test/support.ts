import ipaddr from "ipaddr.js";

/** The text of an address in a row. */
export function addressText(bytes: Uint8Array): string {
  const address = new ipaddr.IPv6([...bytes]);
  return (address.isIPv4MappedAddress() ? address.toIPv4Address() : address).toString();
}

/** A function on `e` of a body of source. */
export function functionOf<E>(body: string): (e: E) => unknown {
  // oxlint-disable-next-line no-implied-eval -- made for this test
  return new Function("e", body) as (e: E) => unknown;
}
