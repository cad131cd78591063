import { type EventOf, EventStream, type Lost } from "@rxbpf/core";
import {
  address,
  bool,
  bytes,
  chars,
  choice,
  f64,
  i32,
  i64,
  optional,
  schema,
  text,
  texts,
  time,
  u16,
  u32,
  u64,
  u8,
} from "@rxbpf/core/events";

import { HOSTILE } from "./conformance.js";

/** A field of every kind. */
export const sampleSchema = schema("sample", {
  time: time("when"),
  seq: u32("number"),
  cgroupId: u64("64 bits"),
  size: i64("64 bits with a sign"),
  small: u8("8 bits"),
  port: u16("16 bits"),
  ret: i32("32 bits with a sign"),
  failed: bool("yes or no"),
  type: choice("one of few", ["in", "out"]),
  comm: chars("a short name"),
  address: address("an address"),
  path: text("a path"),
  args: texts("arguments"),
  packet: bytes("bytes"),
  query: optional(text("a name that some have")),
  ageMs: optional(f64("a number that some have")),
});

export type Sample = EventOf<typeof sampleSchema>;

const TYPES = ["in", "out", ""] as const;
const TEXTS = [...HOSTILE, "", "\ufeffbom", "\ufffd", "😀".repeat(3), `/${"x".repeat(4094)}`];

export function sample(seq: number): Sample {
  const name = TEXTS[seq % TEXTS.length]!;
  return {
    // Times a quarter of a microsecond apart, which is the last bit of such a number.
    time: 1_700_000_000_000 + seq / 4096,
    seq,
    cgroupId: seq % 2 ? Number.MAX_SAFE_INTEGER - seq : seq,
    size: seq % 2 ? -Number.MAX_SAFE_INTEGER + seq : seq,
    small: seq % 256,
    port: 65_535 - (seq % 65_536),
    ret: 0 - (seq % 134),
    failed: seq % 3 === 0,
    // A number beyond the choices becomes an empty text.
    type: TYPES[seq % 3] as Sample["type"],
    comm: `comm-${seq % 7}`,
    address: seq % 2 ? "127.0.0.1" : "fe80::1",
    path: name,
    args: TEXTS.slice(0, seq % 4).map((text) => text.replaceAll("\0", "")),
    packet: Uint8Array.of(0, 255, seq % 256),
    ...(seq % 2 && { query: `${seq}.example.org` }),
    ...(seq % 5 === 0 && { ageMs: seq / 7 }),
  };
}

/** The time of a row, in Unix nanoseconds. */
export const nanoseconds = ({ time }: Sample): bigint =>
  BigInt(Math.floor(time)) * 1_000_000n + BigInt(Math.round((time % 1) * 1e6));

export const samples = (count: number, from: number = 0): Sample[] =>
  Array.from({ length: count }, (_, i) => sample(from + i));

export const lost = (count: number, total: number = count): Lost => ({
  type: "lost",
  time: 1_700_000_000_000.5,
  count,
  total,
  reason: "ring full",
});

/** A stream of the given batches of rows and losses, which then ends. */
export function streamOf(...parts: readonly (readonly Sample[] | Lost)[]): EventStream<Sample> {
  const info = { name: "sample", schema: sampleSchema, options: { failed: true, name: /x+/ }, columns: () => [] };
  return new EventStream<Sample>(info, (receiver) => {
    const timer = setImmediate(() => {
      for (const part of parts) {
        if ("type" in part) receiver.status(part);
        else receiver.batch({ length: part.length, row: (index) => part[index]! });
      }
      receiver.complete();
    });
    return { stop: () => {}, close: () => clearImmediate(timer), hold: () => {}, release: () => {} };
  });
}
