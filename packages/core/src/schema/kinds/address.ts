import ipaddr, { type IPv6 } from "ipaddr.js";

import { StringWriter, type Destination } from "../column-writers.js";
import { field, type Field } from "../field.js";
import { at, type FieldKind } from "./kind.js";
import { remembered } from "./remembered.js";

/** In C a `__u8[16]`: an IPv6 address, or an IPv4 address mapped into ::ffff:0:0/96. In a row, its usual text. */
export const address: (doc: string) => Field<string> = field("address");

/** The bytes of the address that has this text in a row; undefined if none has. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.parse(text);
  const bytes = Uint8Array.from(
    (address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : (address as IPv6)).toByteArray(),
  );
  return addressText(bytes) === text ? bytes : undefined;
}

export const addressKind: FieldKind = {
  blank: () => "::",
  recorded: {
    member: "array",
    size: 16,
    align: () => 4,
    row: (place) => `read.address(${at(place)})`,
    reader: ({ u8, u32 }) => remembered(u32, (position) => addressText(u8.subarray(position, position + 16))),
    copy: (place, c) => `${c}.append(u8, ${at(place)}, ${place.size});`,
    json: { write: (_, value) => `putOther(out, at, ${value})`, inWords: true },
  },
  writer: () => new AddressWriter(),
  stored: "string",
  fits: (value) => typeof value === "string",
};

class AddressWriter extends StringWriter {
  override target(): Destination {
    return { append: (from, start, length) => this.value(addressText(from.subarray(start, start + length))) };
  }
}

function addressText(bytes: Uint8Array): string {
  const address = new ipaddr.IPv6([...bytes]);
  return (address.isIPv4MappedAddress() ? address.toIPv4Address() : address).toString();
}
