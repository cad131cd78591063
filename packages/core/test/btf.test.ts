import { Btf } from "@rxbpf/core/bpf";
import { expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { btfOf } from "./programs/btf-of.js";

const folder = temporaryFolder();

test("finds a struct with the names, offsets and sizes that clang gave it", () => {
  const btf = btfOf(
    `typedef unsigned long long u64;
     enum colour { RED, BLUE };
     struct inner { short a; char b[3]; };
     struct sample { u64 wide; const volatile int plain; struct inner inner; enum colour colour; void *pointer; };
     const struct sample *const anchor __attribute__((unused)) = 0;`,
    folder,
  );
  const sample = btf.struct("sample");
  expect(sample?.size).toBe(32);
  expect(sample?.members.map(({ name, offset, type }) => [name, offset, btf.sizeOf(type)])).toEqual([
    ["wide", 0, 8],
    ["plain", 8, 4],
    ["inner", 12, 6],
    ["colour", 20, 4],
    ["pointer", 24, 8],
  ]);
  expect(btf.resolve(sample!.members[0]!.type)).toMatchObject({ kind: "int", signed: false });
  expect(btf.resolve(sample!.members[1]!.type)).toMatchObject({ kind: "int", signed: true });
  expect(btf.struct("absent")).toBeUndefined();
});

test("finds global variables by section, with where they are", () => {
  const btf = btfOf(
    `const volatile char switch_one;
     const volatile unsigned switch_two;
     unsigned long long lost_ring_full;
     int started = 7;`,
    folder,
  );
  const variables = btf.variables();
  expect([...variables].map(([name, { section, size }]) => [name, section, size]).sort()).toEqual([
    ["lost_ring_full", ".bss", 8],
    ["started", ".data", 4],
    ["switch_one", ".rodata", 1],
    ["switch_two", ".rodata", 4],
  ]);
  expect(variables.get("switch_one")?.offset).not.toBe(variables.get("switch_two")?.offset);
});

test("refuses bytes that are not BTF, or end too early", () => {
  expect(() => new Btf(new Uint8Array(3))).toThrow(RangeError);
  expect(() => new Btf(new Uint8Array(64))).toThrow("Cannot read BTF: wrong magic number");
  const header = new DataView(new ArrayBuffer(24));
  header.setUint16(0, 0xeb9f, true);
  header.setUint32(4, 24, true); // the header's own length
  header.setUint32(12, 100, true); // 100 bytes of types, of which none is there
  expect(() => new Btf(new Uint8Array(header.buffer))).toThrow(RangeError);
});
