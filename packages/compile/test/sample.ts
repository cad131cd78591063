import { type Fields, textOf } from "@rxbpf/core";
import type { Layout } from "@rxbpf/core/bpf";
import {
  address,
  bool,
  chars,
  choice,
  i32,
  i64,
  optional,
  text,
  time,
  u16,
  u32,
  u64,
  u8,
  texts,
} from "@rxbpf/core/events";

/** A record with fields of all kinds that a predicate can read, and how to make one. */

export const OPERATIONS = ["read", "write", "flush", ""] as const;

export const sampleFields = {
  time: time("when"),
  small: u8("a byte"),
  port: u16("two bytes"),
  flags: u32("four bytes"),
  ret: i32("four bytes, signed"),
  bytes: u64("eight bytes"),
  delta: i64("eight bytes, signed"),
  cut: bool("a bit"),
  comm: chars("16 bytes, aligned"),
  disk: chars("7 bytes, not aligned"),
  operation: choice("one of some", OPERATIONS),
  remote: address("an address"),
  path: text("a text"),
  file: text("another"),
  args: texts("some"),
  query: optional(text("added here")),
} satisfies Fields;

const TAIL = 600;
const at = (name: keyof typeof sampleFields, offset: number, size: number): Layout["places"][number] => ({
  name,
  kind: sampleFields[name].kind,
  offset,
  size,
  ...(name === "operation" && { choices: OPERATIONS }),
});

export const sampleLayout: Layout = {
  size: 120,
  places: [
    at("time", 0, 8),
    at("bytes", 8, 8),
    at("delta", 16, 8),
    at("flags", 24, 4),
    at("ret", 28, 4),
    at("port", 32, 2),
    at("small", 34, 1),
    at("cut", 35, 1),
    at("comm", 36, 16),
    at("remote", 52, 16),
    at("operation", 68, 1),
    at("disk", 69, 7),
    at("path", 76, 4),
    at("file", 80, 4),
    at("args", 84, 4),
  ],
};

export const sampleSize = sampleLayout.size + TAIL;

/** What a record holds; texts as bytes. */
export interface Sample {
  readonly small: number;
  readonly port: number;
  readonly flags: number;
  readonly ret: number;
  readonly bytes: number;
  readonly delta: number;
  readonly cut: boolean;
  readonly operation: number;
  readonly comm: Uint8Array;
  readonly disk: Uint8Array;
  readonly remote: { readonly text: string; readonly bytes: Uint8Array };
  readonly path: Uint8Array;
  readonly file: Uint8Array;
}

export type Row = ReturnType<typeof rowOf>;

/** The row that JavaScript sees. */
export function rowOf(sample: Sample) {
  const { small, port, flags, ret, bytes, delta, cut } = sample;
  return {
    ...{ time: 1, small, port, flags, ret, bytes, delta, cut },
    comm: untilNul(sample.comm, 16),
    disk: untilNul(sample.disk, 7),
    operation: OPERATIONS[sample.operation] ?? "",
    remote: sample.remote.text,
    path: textOf(Buffer.from(sample.path)),
    file: textOf(Buffer.from(sample.file)),
    args: [] as string[],
  };
}

/** The record that the kernel sees. */
export function recordOf(sample: Sample): Uint8Array {
  const record = Buffer.alloc(sampleSize);
  record.writeBigUInt64LE(BigInt(sample.bytes), 8);
  record.writeBigInt64LE(BigInt(sample.delta), 16);
  record.writeUInt32LE(sample.flags, 24);
  record.writeInt32LE(sample.ret, 28);
  record.writeUInt16LE(sample.port, 32);
  record[34] = sample.small;
  record[35] = Number(sample.cut);
  record.set(sample.comm.subarray(0, 16), 36);
  record.set(sample.remote.bytes, 52);
  record[68] = sample.operation;
  record.set(sample.disk.subarray(0, 7), 69);
  let end = sampleLayout.size;
  for (const [bytes, place] of [
    [sample.path, 76],
    [sample.file, 80],
  ] as const) {
    record.writeUInt16LE(end, place);
    record.writeUInt16LE(bytes.length, place + 2);
    record.set(bytes, end);
    end += bytes.length;
  }
  return record;
}

function untilNul(bytes: Uint8Array, size: number): string {
  const part = Buffer.from(bytes.subarray(0, size));
  const end = part.indexOf(0);
  return textOf(part, 0, end < 0 ? part.length : end);
}

export const blank: Sample = {
  ...{ small: 0, port: 0, flags: 0, ret: 0, bytes: 0, delta: 0, cut: false, operation: 0 },
  comm: Buffer.from("nginx"),
  disk: Buffer.from("sda1"),
  remote: { text: "127.0.0.1", bytes: Buffer.from("00000000000000000000ffff7f000001", "hex") },
  path: Buffer.from("/etc/passwd"),
  file: Buffer.from("/usr/bin/cat"),
};
