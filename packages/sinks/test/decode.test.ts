import { i32, optional, schema, text, texts, u32 } from "@rxbpf/core/events";
import { zstdCompress } from "@rxbpf/core/system";
import { expect, test } from "vitest";

import { rowReader } from "../src/arrow/decode.js";
import { parseNotes } from "../src/arrow/notes.js";

const pid = schema("any", { pid: u32("") });
const name = schema("any", { name: text("") });
const args = schema("any", { args: texts("") });

/** A body of 32-bit numbers, followed by as many zeros. */
const body = (...numbers: number[]): ArrayBuffer =>
  Int32Array.from({ length: 16 }, (_, i) => numbers[i] ?? 0).buffer as ArrayBuffer;

test("a batch within its body is read", () => {
  const header = {
    length: 2,
    nodes: [[2, 0]],
    buffers: [
      [0, 0],
      [0, 8],
    ],
    compressed: false,
  } as const;
  const { row } = rowReader(pid, header, body(7, 8));
  expect([row(0), row(1)]).toEqual([{ pid: 7 }, { pid: 8 }]);
});

test("a row has an optional field only if its value is present", () => {
  const header = {
    length: 2,
    nodes: [[2, 1]],
    buffers: [
      [0, 1],
      [8, 8],
    ],
    compressed: false,
  } as const;
  const { row } = rowReader(schema("any", { ret: optional(i32("")) }), header, body(0b10, 0, 5, 6));
  expect([row(0), row(1)]).toEqual([{}, { ret: 6 }]);
});

test.each([
  [
    "a buffer that is shorter than its values",
    pid,
    2,
    [[2, 0]],
    [
      [0, 0],
      [0, 4],
    ],
  ],
  [
    "a buffer that begins after its batch",
    pid,
    2,
    [[2, 0]],
    [
      [0, 0],
      [640, 8],
    ],
  ],
  [
    "a buffer that ends after its batch",
    pid,
    2,
    [[2, 0]],
    [
      [0, 0],
      [56, 16],
    ],
  ],
  [
    "a buffer that is not aligned",
    pid,
    2,
    [[2, 0]],
    [
      [0, 0],
      [4, 8],
    ],
  ],
  ["no buffer at all", pid, 2, [[2, 0]], []],
  [
    "no array",
    pid,
    2,
    [],
    [
      [0, 0],
      [0, 8],
    ],
  ],
  [
    "an array of another length",
    pid,
    2,
    [[3, 0]],
    [
      [0, 0],
      [0, 12],
    ],
  ],
  [
    "more nulls than values",
    pid,
    2,
    [[2, 3]],
    [
      [0, 8],
      [8, 8],
    ],
  ],
  [
    "nulls without bits",
    pid,
    2,
    [[2, 1]],
    [
      [0, 0],
      [0, 8],
    ],
  ],
  [
    "more rows than any batch has",
    pid,
    2 ** 40,
    [[2 ** 40, 0]],
    [
      [0, 0],
      [0, 8],
    ],
  ],
  [
    "offsets for fewer texts",
    name,
    2,
    [[2, 0]],
    [
      [0, 0],
      [0, 8],
      [16, 8],
    ],
  ],
  [
    "a text that ends after its bytes",
    name,
    1,
    [[1, 0]],
    [
      [0, 0],
      [0, 8],
      [16, 1],
    ],
    [0, 2],
  ],
  [
    "a text that begins before its bytes",
    name,
    1,
    [[1, 0]],
    [
      [0, 0],
      [0, 8],
      [16, 8],
    ],
    [-1, 2],
  ],
  [
    "a text that ends before it begins",
    name,
    2,
    [[2, 0]],
    [
      [0, 0],
      [0, 16],
      [16, 8],
    ],
    [0, 4, 2],
  ],
  [
    "lists of more texts than there are",
    args,
    1,
    [
      [1, 0],
      [1, 0],
    ],
    [
      [0, 0],
      [0, 8],
      [0, 0],
      [8, 8],
      [16, 8],
    ],
    [0, 2],
  ],
] as const)("%s: the batch is damaged", (_what, of, length, nodes, buffers, numbers: readonly number[] = []) => {
  expect(() => rowReader(of, { length, nodes, buffers, compressed: false }, body(...numbers))).toThrow(RangeError);
});

/** A compressed buffer of a batch with two numbers, and the length that it claims. */
function packed(bytes: Uint8Array, claimed: bigint) {
  const whole = new Uint8Array((8 + bytes.length + 7) & ~7);
  new DataView(whole.buffer).setBigInt64(0, claimed, true);
  whole.set(bytes, 8);
  const buffers = [[0, 0] as const, [0, 8 + bytes.length] as const];
  return [{ length: 2, nodes: [[2, 0]], buffers, compressed: true } as const, whole.buffer] as const;
}

const two = new Uint8Array(Int32Array.of(7, 8).buffer);

test.each([
  ["as a frame", zstdCompress(two), 8n],
  ["as it is", two, -1n],
])("a buffer of a compressed batch is read: %s", (_what, bytes, claimed) => {
  const { row } = rowReader(pid, ...packed(bytes, claimed));
  expect([row(0), row(1)]).toEqual([{ pid: 7 }, { pid: 8 }]);
});

test.each([
  ["says that it is shorter than its values", zstdCompress(two), 7n],
  ["says that it is longer than its frame", zstdCompress(two), 9n],
  ["says that it is of any length", zstdCompress(two), 2n ** 62n],
  ["has a frame that is longer than it says", zstdCompress(new Uint8Array(1 << 20)), 8n],
  ["has no frame", two, 8n],
  ["has nothing", new Uint8Array(0), 8n],
  ["is stored and too short", two.subarray(0, 7), -1n],
  ["has less than nothing", two, -2n],
])("a compressed buffer %s: the batch is damaged", (_what, bytes, claimed) => {
  expect(() => rowReader(pid, ...packed(bytes, claimed))).toThrow(RangeError);
});

test("a frame that claims a huge size takes no memory", () => {
  // Two texts that claim the most bytes that 31 bits can count.
  const offsets = new Uint8Array(Int32Array.of(0, 0, 2 ** 31 - 1).buffer);
  const body = new ArrayBuffer(64);
  const view = new DataView(body);
  view.setBigInt64(0, -1n, true);
  new Uint8Array(body).set(offsets, 8);
  view.setBigInt64(24, 2n ** 31n - 1n, true);
  const buffers = [[0, 0] as const, [0, 20] as const, [24, 40] as const];
  const header = { length: 2, nodes: [[2, 0]], buffers, compressed: true } as const;
  expect(() => rowReader(name, header, body)).toThrow(/^A buffer cannot have/);
});

const process1 = { pid: 1, execId: 5, start: 0.5, ppid: 0, uid: 0, comm: "init", args: [], cgroupId: 1, mntnsId: 2 };
const snapshot = { type: "snapshot", time: 1, processes: [process1], cgroups: [{ id: 1, path: "/" }] };
const loss = { type: "lost", time: 1, count: 1, total: 1, reason: "ring full" };
const placed = (note: object, at: number = 0): string => JSON.stringify([{ at, note }]);

test("notes are read", () => {
  expect(parseNotes(placed(snapshot), 0)).toEqual([{ at: 0, note: snapshot }]);
  expect(parseNotes(placed(loss, 5), 5)).toEqual([{ at: 5, note: loss }]);
});

test.each([
  ["are no JSON", "[", 0],
  ["are no list", "{}", 0],
  ["stand after the rows", placed(loss, 6), 5],
  ["are of no known type", placed({ ...loss, type: "found" }), 0],
  ["count what is no number", placed({ ...loss, count: "1" }), 0],
  ["name a process without a name", placed({ ...snapshot, processes: [{ ...process1, comm: 1 }] }), 0],
  ["name a process without a number", placed({ ...snapshot, processes: [{ ...process1, pid: -1 }] }), 0],
  ["name a process without its execId", placed({ ...snapshot, processes: [{ ...process1, execId: undefined }] }), 0],
  ["name a process that started at no time", placed({ ...snapshot, processes: [{ ...process1, start: "1" }] }), 0],
  ["name a process by what is no text", placed({ ...snapshot, processes: [{ ...process1, args: [{}] }] }), 0],
  ["name nothing", placed({ ...snapshot, processes: [null] }), 0],
  ["name a cgroup without a directory", placed({ ...snapshot, cgroups: [{ id: 1 }] }), 0],
])("notes that %s are damaged", (_what, text, length) => {
  expect(() => parseNotes(text, length)).toThrow(RangeError);
});
