import { readFileSync } from "node:fs";

import { BpfError, MapMismatchError } from "@rxbpf/core";
import { BpfMap, MapType } from "@rxbpf/core/bpf";
import { expect, onTestFinished, test } from "vitest";

import { holdings } from "../../../testing/holdings.js";
import { bpftool, dumpIds, pinPath } from "../../../testing/kernel-objects.js";

const bytes = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const number = (value: Uint8Array | undefined): number | undefined => value && Buffer.from(value).readUInt32LE();

/** A map of 4-byte keys and values, closed with the test. */
function makeMap(options: Partial<Parameters<typeof BpfMap.create>[0]> = {}): BpfMap {
  const map = BpfMap.create({
    type: MapType.hash,
    name: "sample",
    keySize: 4,
    valueSize: 4,
    maxEntries: 16,
    ...options,
  });
  onTestFinished(() => map.close());
  return map;
}

const processors = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim();

test("a map has the shape that was asked for, and goes with its last user", () => {
  const before = holdings();
  const map = BpfMap.create({ type: MapType.hash, name: "sample", keySize: 8, valueSize: 12, maxEntries: 100 });
  expect(map.info).toMatchObject({ type: MapType.hash, name: "sample", keySize: 8, valueSize: 12, maxEntries: 100 });
  expect(bpftool("map", "show", "id", String(map.info.id))).toMatchObject({
    type: "hash",
    name: "sample",
    bytes_key: 8,
    bytes_value: 12,
    max_entries: 100,
  });
  map.close();
  map.close();
  expect(holdings()).toEqual(before);
});

test("the error for a map that cannot be made says why", () => {
  const make = (): BpfMap => makeMap({ name: "broken", keySize: 0 });
  expect(make).toThrow(BpfError);
  expect(make).toThrow(/^Cannot create the map broken: EINVAL$/);
});

test("keys are set, read, replaced and removed", () => {
  const map = makeMap();
  expect(map.lookup(bytes(1))).toBeUndefined();
  map.update(bytes(1), bytes(10));
  map.update(bytes(2), bytes(20));
  map.update(bytes(1), bytes(11));
  expect(number(map.lookup(bytes(1)))).toBe(11);
  expect(map.replace(bytes(1), bytes(12))).toBe(true);
  expect(number(map.lookup(bytes(1)))).toBe(12);
  expect(map.delete(bytes(1))).toBe(true);
  expect(map.delete(bytes(1))).toBe(false);
  expect(map.replace(bytes(1), bytes(13))).toBe(false);
  expect([...map.keys()].map(number)).toEqual([2]);
});

test("a full map refuses another key", () => {
  const map = makeMap({ maxEntries: 1 });
  map.update(bytes(1), bytes(1));
  expect(() => map.update(bytes(2), bytes(2))).toThrow(expect.objectContaining({ code: "E2BIG", errno: 7 }));
});

test("a key or a value of the wrong length never reaches the kernel, which would read beyond it", () => {
  const map = makeMap();
  for (const wrong of [new Uint8Array(3), new Uint8Array(5), new Uint8Array(0)]) {
    expect(() => map.lookup(wrong)).toThrow(RangeError);
    expect(() => map.delete(wrong)).toThrow(RangeError);
    expect(() => map.update(wrong, bytes(1))).toThrow(
      `Cannot use a key of ${wrong.length} bytes in the map sample: its keys have 4`,
    );
    expect(() => map.update(bytes(1), wrong)).toThrow(
      `Cannot use a value of ${wrong.length} bytes in the map sample: its values have 4`,
    );
  }
  expect([...map.keys()]).toEqual([]);
});

test.each([0, 1, 1023, 1024, 1025, 5000])("all of %i entries come, once each", (count) => {
  const map = makeMap({ maxEntries: Math.max(count, 1) });
  for (let i = 0; i < count; i++) map.update(bytes(i), bytes(i * 3));
  const entries = [...map.entries()].map(({ key, value }) => [number(key), number(value)]);
  expect(entries.sort((a, b) => a[0]! - b[0]!)).toEqual(Array.from({ length: count }, (_, i) => [i, i * 3]));
  expect([...map.keys()]).toHaveLength(count);
});

test("taken entries are gone, and each is taken once", () => {
  const map = makeMap({ maxEntries: 4000 });
  for (let i = 0; i < 3000; i++) map.update(bytes(i), bytes(i));
  expect([...map.entries(true)].map(({ key }) => number(key)).sort((a, b) => a! - b!)).toEqual([...Array(3000).keys()]);
  expect([...map.entries()]).toEqual([]);
  map.update(bytes(7), bytes(70));
  expect([...map.entries(true)].map(({ value }) => number(value))).toEqual([70]);
});

test("an array has all its entries from the start", () => {
  const map = makeMap({ type: MapType.array, maxEntries: 1500 });
  map.update(bytes(1499), bytes(5));
  const values = [...map.entries()].map(({ value }) => number(value));
  expect(values).toHaveLength(1500);
  expect(values.at(-1)).toBe(5);
  expect(() => [...map.entries(true)]).toThrow(BpfError);
});

test("a per-processor map has a value of 8-byte multiples for every possible processor", () => {
  const count = 1 + Number(processors.split("-")[1] ?? 0);
  for (const type of [MapType.percpuHash, MapType.percpuArray, MapType.lruPercpuHash]) {
    const map = makeMap({ type, valueSize: 12, maxEntries: 2 });
    const value = Uint8Array.from({ length: 16 * count }, (_, i) => (i % 16 < 12 ? i : 0));
    map.update(bytes(1), value);
    expect(map.lookup(bytes(1))).toEqual(value);
    expect([...map.entries()].at(-1)?.value.length).toBe(16 * count);
    expect([...map.entries()].find(({ key }) => number(key) === 1)?.value).toEqual(value);
    expect(() => map.update(bytes(1), new Uint8Array(12))).toThrow(RangeError);
  }
});

test("a pinned map is the same map, for this process and for bpftool", () => {
  const path = pinPath();
  const map = makeMap({ keySize: 8, valueSize: 4 });
  map.pin(path);
  const opened = BpfMap.open(path);
  onTestFinished(() => opened.close());
  expect(opened.info).toEqual(map.info);
  opened.update(new Uint8Array(BigUint64Array.of(77n).buffer), bytes(1));
  expect(dumpIds(path)).toEqual([77]);
  expect(map.lookup(new Uint8Array(BigUint64Array.of(77n).buffer))).toEqual(bytes(1));
  expect(() => map.pin(path)).toThrow(`Cannot pin the map sample at ${path}: EEXIST`);
});

test("the error for a path without a map says what is there instead, and nothing stays open", () => {
  const before = holdings();
  const absent = pinPath();
  expect(() => BpfMap.open(absent)).toThrow(`Cannot open ${absent} as a pinned map: ENOENT`);
  expect(() => BpfMap.open("/etc/passwd")).toThrow(BpfError);

  const program = pinPath();
  const object = new URL("../../filters/bpf/processes.bpf.o", import.meta.url).pathname;
  bpftool("prog", "loadall", object, program);
  expect(() => BpfMap.open(`${program}/tasks`)).toThrow(MapMismatchError);
  expect(() => BpfMap.open(`${program}/tasks`)).toThrow(
    `Cannot open ${program}/tasks as a pinned map: another kind of object is pinned there`,
  );
  expect(holdings()).toEqual(before);
});
