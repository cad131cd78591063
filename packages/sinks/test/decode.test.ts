import { i32, optional, schema, text, texts, u32 } from "@rxbpf/core";
import { expect, test } from "vitest";

import { rowReader } from "../src/arrow/decode.js";

const pid = schema("any", { pid: u32("") });
const name = schema("any", { name: text("") });
const args = schema("any", { args: texts("") });

/** A body of numbers of 32 bits, and as many zeros after them. */
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
  } as const;
  const { row } = rowReader(pid, header, body(7, 8));
  expect([row(0), row(1)]).toEqual([{ pid: 7 }, { pid: 8 }]);
});

test("of an optional field only what is there is in a row", () => {
  const header = {
    length: 2,
    nodes: [[2, 1]],
    buffers: [
      [0, 1],
      [8, 8],
    ],
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
    "a buffer that goes on after its batch",
    pid,
    2,
    [[2, 0]],
    [
      [0, 0],
      [56, 16],
    ],
  ],
  [
    "a buffer that is not where a number can be",
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
  expect(() => rowReader(of, { length, nodes, buffers }, body(...numbers))).toThrow(RangeError);
});
