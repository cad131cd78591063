import { bytesOf, type Fields, textOf } from "@rxbpf/core";
import type { Layout, Place } from "@rxbpf/core/bpf";
import { addressBytes } from "@rxbpf/core/events";

import { compare, constant } from "./ir/make.js";
import type { Int, NumberPlace } from "./ir/types.js";
import type { InputType, TextForm, Value } from "./front/values.js";

/** A probe's record as the parameter of a function: its fields by their names and values in a row. */
export function recordInput(name: string, fields: Fields, { places }: Layout): InputType {
  const byName = new Map(places.map((place) => [place.name, place]));
  return {
    name,
    members: Object.keys(fields),
    member(member) {
      const place = byName.get(member);
      if (place)
        return READERS[place.kind]?.(place) ?? UNREADABLE[place.kind] ?? `the kernel cannot test a ${place.kind}`;
      return Object.hasOwn(fields, member)
        ? `${member} is added to the event here, and the kernel does not have it`
        : undefined;
    },
  };
}

type Kind = Place["kind"];

/** The greatest number that JavaScript holds exactly. */
const MOST_EXACT = 2n ** 53n - 1n;

const READERS: Partial<Record<Kind, (place: Place) => Value>> = {
  u8: number,
  u16: number,
  u32: number,
  i32: (place) => number(place, true),
  u64: number,
  i64: (place) => number(place, true),
  bool: (place) => ({ kind: "boolean", test: compare("!=", load(place, false), constant(0n), NOWHERE) }),
  choice: (place) => ({ kind: "choice", int: load(place, false), choices: place.choices ?? [] }),
  chars: ({ name, offset, size }) => ({ kind: "text", place: { kind: "until-nul", name, offset, size }, form: TEXT }),
  text: ({ name, offset }) => ({ kind: "text", place: { kind: "pointed", name, offset }, form: TEXT }),
  address: ({ name, offset, size }) => ({ kind: "text", place: { kind: "fixed", name, offset, size }, form: ADDRESS }),
};

/** Why the kernel cannot read a kind of field. */
const UNREADABLE: Partial<Record<Kind, string>> = {
  time: "the kernel counts time from the machine's start, and events have the time of day",
  texts: "the kernel has the list as bytes",
  bytes: "the kernel compares no bytes",
};

const NOWHERE = { source: "", start: 0, end: 0 };

const TEXT: TextForm = {
  bytesOf(text) {
    const bytes = bytesOf(text);
    return textOf(bytes) === text ? bytes : undefined;
  },
  hasParts: true,
};

const ADDRESS: TextForm = { bytesOf: addressBytes, hasParts: false };

function number(place: Place, signed: boolean = false): Value {
  return { kind: "number", int: load(place, signed) };
}

function load({ name, offset, size }: Place, signed: boolean): Int {
  const place: NumberPlace = { name, offset, size: size as NumberPlace["size"], signed };
  // A row cannot hold more: making it fails, so such a record is for JavaScript.
  if (size === 8) return { kind: "load", place, most: MOST_EXACT, min: signed ? -MOST_EXACT : 0n, max: MOST_EXACT };
  const bits = BigInt(8 * size);
  const [min, max] = signed ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
  return { kind: "load", place, min, max };
}
