import { readFileSync, statSync } from "node:fs";
import { hostname, release } from "node:os";

import { readRecording, toArrow } from "@rxbpf/sinks";
import { beforeAll, describe, expect, test } from "vitest";

import { tableFromIPC } from "../../../testing/flechette.js";
import { readByPolars } from "../../../testing/polars.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";
import { lost, nanoseconds, type Sample, sampleSchema, samples, streamOf } from "./samples.js";

const folder = temporaryFolder();
const ROWS = 5000;
const rows = samples(ROWS);

/** A value without the differences between JavaScript readers. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
  return value;
}

function unmarked(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/^\ufeff/, "") : Array.isArray(value) ? value.map(unmarked) : value;
}

describe.each([undefined, "zstd"] as const)("compressed by %s", (compression) => {
  const path = `${folder}/${compression}.arrow`;
  beforeAll(async () => {
    const stream = streamOf(rows.slice(0, 3000), lost(7), rows.slice(3000));
    await run(stream.pipe(toArrow(path, { batchRows: 1024, compression })));
  });

  test("our own reader returns the original rows", () => {
    const batches = [...readRecording(path).batches()];
    expect(batches.length).toBeGreaterThan(4);
    expect(batches.flatMap(({ length, row }) => Array.from({ length }, (_, i) => row(i)))).toEqual(rows);
  });

  test("flechette reads the same values", () => {
    const table = tableFromIPC(readFileSync(path), { useBigInt: true });
    expect(table.numRows).toBe(ROWS);
    const { time, ...names } = sampleSchema.fields;
    for (const name of Object.keys(names)) {
      const found = Array.from(table.getChild(name) as Iterable<unknown>, plain);
      // It removes a byte order mark at the beginning of a text.
      const value = (row: Sample): unknown => plain(row[name as keyof Sample] ?? null);
      expect(found.map(unmarked), name).toEqual(rows.map(value).map(unmarked));
    }
    const moments = table.getChild("time")!.data.flatMap(({ values }) => [...(values as BigInt64Array)]);
    expect(moments).toEqual(rows.map(nanoseconds));
    expect(time.kind).toBe("time");
  });

  test("polars, which is strict, reads the same values in the same types", () => {
    const frame = readByPolars(path);
    expect(frame.shape.height).toBe(ROWS);
    // Its binding does not return bytes.
    const names = Object.keys(sampleSchema.fields).filter((name) => !["time", "packet"].includes(name));
    for (const name of names) {
      const found = frame.column(name).toArray().map(plain);
      expect(found, name).toEqual(rows.map((row) => row[name as keyof Sample] ?? null));
    }
    // Its binding returns 64-bit integers as doubles, but the part below a second exactly.
    expect(frame.column("time").nanosecond().toArray()).toEqual(
      rows.map((row) => Number(nanoseconds(row) % 10n ** 9n)),
    );
    expect(frame.column("time").toPhysical().toArray()).toEqual(rows.map((row) => Number(nanoseconds(row))));
    const types = Object.fromEntries(["time", ...names].map((name) => [name, frame.column(name).dtype]));
    expect(types).toEqual({
      time: { variant: "Datetime", inner: ["ns", "UTC"] },
      seq: "UInt32",
      cgroupId: "UInt64",
      size: "Int64",
      small: "UInt8",
      port: "UInt16",
      ret: "Int32",
      failed: "Bool",
      type: "Categorical",
      comm: "String",
      address: "String",
      path: "String",
      args: { variant: "List", inner: ["String"] },
      query: "String",
      ageMs: "Float64",
    });
  });

  test("a recording names its probe and its machine, and explains its times", () => {
    const { info } = readRecording(path);
    expect(info).toMatchObject({
      probe: "sample",
      schema: sampleSchema,
      options: { failed: true, name: "x+" },
      kernel: release(),
      host: hostname(),
    });
    expect(info.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(Date.now() - Date.parse(info.started)).toBeLessThan(60_000);
    expect(Date.parse(info.bootTime)).toBeLessThan(Date.now());
    expect(info.clock).toMatch(/^CLOCK_BOOTTIME/);
    const { metadata } = tableFromIPC(readFileSync(path)).schema;
    expect(metadata?.get("rxbpf.probe")).toBe("sample");
  });

  test("all readers can read a recording without events", async () => {
    const empty = `${folder}/${compression}-empty.arrow`;
    await run(streamOf().pipe(toArrow(empty, { compression })));
    expect([...readRecording(empty).batches()]).toEqual([]);
    expect(tableFromIPC(readFileSync(empty)).numRows).toBe(0);
    expect(readByPolars(empty).shape.height).toBe(0);
  });
});

test("compression shrinks repeated texts and numbers to a fraction", () => {
  expect(statSync(`${folder}/zstd.arrow`).size).toBeLessThan(statSync(`${folder}/undefined.arrow`).size / 5);
});
