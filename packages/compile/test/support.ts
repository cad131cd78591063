import ipaddr from "ipaddr.js";

/** The text of an address in a row. */
export function addressText(bytes: Uint8Array): string {
  const address = new ipaddr.IPv6([...bytes]);
  return (address.isIPv4MappedAddress() ? address.toIPv4Address() : address).toString();
}
