import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { PassThrough } from "node:stream";

import { DuckDBBlobValue, DuckDBListValue, DuckDBTimestampTZValue, type DuckDBValue } from "@duckdb/node-api";
import { exportParquet, toArrow } from "@rxbpf/sinks";
import { map } from "rxjs";
import { expect, test } from "vitest";

import { queryByDuckDb } from "../../../testing/duckdb.js";
import { readByPolars } from "../../../testing/polars.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";
import { lost, nanoseconds, type Sample, sampleSchema, samples, streamOf } from "./samples.js";

const folder = temporaryFolder();
let count = 0;
const names = () => ({ path: `${folder}/${++count}.arrow`, parquet: `${folder}/${count}.parquet` });

/** A field of a row as DuckDB has it. */
function duckDbValue(value: Sample[keyof Sample], name: keyof Sample, row: Sample): DuckDBValue {
  // It keeps only microseconds of a timestamp with a time zone.
  if (name === "time") return new DuckDBTimestampTZValue(nanoseconds(row) / 1000n);
  if (name === "cgroupId" || name === "size") return BigInt(value as number);
  if (Array.isArray(value)) return new DuckDBListValue((value as string[]).map(unmarked));
  if (typeof value === "string") return unmarked(value);
  if (value instanceof Uint8Array) return new DuckDBBlobValue(Buffer.from(value));
  return (value ?? null) as DuckDBValue;
}

/** Its binding removes a byte order mark at the beginning of a text; polars shows that the file has it. */
const unmarked = (text: string): string => text.replace(/^\ufeff/, "");

const NAMES = Object.keys(sampleSchema.fields) as (keyof Sample)[];

test("DuckDB reads the same values in the same types, 64 bits among them", async () => {
  const { path, parquet } = names();
  const rows = samples(33_000);
  await run(streamOf(rows.slice(0, 10), lost(7), rows.slice(10)).pipe(toArrow(path, { batchRows: 9000 })));
  const exported = await exportParquet(path, parquet);
  expect(exported).toEqual({ rows: rows.length, lost: new Map([["ring full", 7]]), unfinished: [] });
  expect(statSync(parquet).mode & 0o777).toBe(0o600);

  const found = await queryByDuckDb(`FROM '${parquet}'`);
  expect(found.types).toEqual({
    time: "TIMESTAMP WITH TIME ZONE",
    seq: "UINTEGER",
    cgroupId: "UBIGINT",
    size: "BIGINT",
    small: "UTINYINT",
    port: "USMALLINT",
    ret: "INTEGER",
    failed: "BOOLEAN",
    type: "VARCHAR",
    comm: "VARCHAR",
    address: "VARCHAR",
    path: "VARCHAR",
    args: "VARCHAR[]",
    packet: "BLOB",
    query: "VARCHAR",
    ageMs: "DOUBLE",
  });
  const expected = rows.map((row) =>
    Object.fromEntries(NAMES.map((name) => [name, duckDbValue(row[name], name, row)])),
  );
  expect(found.rows.length).toBe(expected.length);
  for (const [i, row] of found.rows.entries()) expect(row).toEqual(expected[i]);

  const groups = await queryByDuckDb(`SELECT DISTINCT row_group_id, row_group_num_rows AS n
    FROM parquet_metadata('${parquet}') ORDER BY row_group_id`);
  expect(groups.rows.map(({ n }) => n)).toEqual([32_768n, 232n]);
}, 30_000);

test("polars reads the same, to the nanosecond", async () => {
  const { path, parquet } = names();
  const rows = samples(3000);
  await run(streamOf(rows).pipe(toArrow(path, { compression: "zstd" })));
  await exportParquet(path, parquet);
  const frame = readByPolars(parquet);
  expect(frame.shape.height).toBe(rows.length);
  expect(frame.column("time").dtype).toEqual({ variant: "Datetime", inner: ["ns", "UTC"] });
  expect(frame.column("time").nanosecond().toArray()).toEqual(rows.map((row) => Number(nanoseconds(row) % 10n ** 9n)));
  for (const name of NAMES.filter((name) => name !== "time" && name !== "packet")) {
    const found = frame.column(name).toArray();
    expect(
      found.map((value) => (typeof value === "bigint" ? Number(value) : value)),
      name,
    ).toEqual(rows.map((row) => row[name] ?? null));
  }
});

test("64-bit integers that a JavaScript number cannot hold are exact", async () => {
  const { path, parquet } = names();
  const big = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 0n];
  await run(
    streamOf(samples(big.length)).pipe(
      map(({ seq }) => ({ big: big[seq]!, tree: { at: seq } })),
      toArrow(path),
    ),
  );
  await exportParquet(path, parquet);
  const { rows } = await queryByDuckDb(`FROM '${parquet}'`);
  expect(rows).toEqual(big.map((value, seq) => ({ big: value, tree: `{"at":${seq}}`, more: null })));
});

test("the file has the recording's metadata and its losses", async () => {
  const { path, parquet } = names();
  await run(streamOf(samples(2), lost(3), samples(2), lost(4, 7)).pipe(toArrow(path)));
  await exportParquet(path, parquet);
  const { rows } = await queryByDuckDb(
    `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${parquet}')`,
  );
  const said = Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  expect(said).toMatchObject({ "rxbpf.probe": "sample", "rxbpf.lost": '{"ring full":7}' });
  expect(JSON.parse(said["rxbpf.options"] as string)).toEqual({ failed: true, name: "x+" });
  expect(JSON.parse(said["rxbpf.fields"] as string)).toMatchObject({ seq: "number" });
});

test("a recording without events is a table without rows", async () => {
  const { path, parquet } = names();
  await run(streamOf().pipe(toArrow(path)));
  await exportParquet(path, parquet);
  const { rows, types } = await queryByDuckDb(`FROM '${parquet}'`);
  expect(rows).toEqual([]);
  expect(Object.keys(types)).toEqual(NAMES);
});

test("a recording in several files is one table; one that was cut is read as far as it goes, and named", async () => {
  const directory = `${folder}/several`;
  mkdirSync(directory);
  const rows = samples(2000);
  const rotate = { bytes: 40_000 };
  await run(streamOf(rows).pipe(toArrow(`${directory}/r.arrow`, { batchRows: 100, rotate })));
  const { path, parquet } = names();
  await exportParquet(directory, parquet);
  const seqs = async () => (await queryByDuckDb(`SELECT seq FROM '${parquet}'`)).rows.map(({ seq }) => seq);
  expect(await seqs()).toEqual(rows.map(({ seq }) => seq));

  await run(streamOf(rows).pipe(toArrow(path, { batchRows: 100 })));
  truncateSync(path, readFileSync(path).length / 2);
  const { unfinished } = await exportParquet(path, parquet, { force: true });
  expect(unfinished).toEqual([path]);
  const left = await seqs();
  expect(left.length).toBeGreaterThan(500);
  expect(left).toEqual(rows.slice(0, left.length).map(({ seq }) => seq));
});

test("recordings of several probes are refused", async () => {
  const { path, parquet } = names();
  const other = streamOf(samples(1));
  Object.assign(other.info, { name: "other" });
  await run(other.pipe(toArrow(path)));
  const second = names().path;
  await run(streamOf(samples(1)).pipe(toArrow(second)));
  await expect(exportParquet([path, second], parquet)).rejects.toThrow(
    /several probes; export those of each probe by themselves$/,
  );
  expect(statSync(parquet, { throwIfNoEntry: false })).toBeUndefined();
});

test("if it cannot be written completely, no file is left", async () => {
  const { path, parquet } = names();
  await run(streamOf(samples(100)).pipe(toArrow(path)));
  await expect(exportParquet(path, "/dev/full")).rejects.toThrow("Cannot write to /dev/full: no space left on device");
  expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
  await expect(exportParquet(path, `${folder}/none/x`)).rejects.toThrow(/no such file or directory$/);
  expect(statSync(parquet, { throwIfNoEntry: false })).toBeUndefined();
});

test("a given stream gets the same bytes, and stays open", async () => {
  const { path, parquet } = names();
  await run(streamOf(samples(5000)).pipe(toArrow(path)));
  await exportParquet(path, parquet);
  const stream = new PassThrough({ highWaterMark: 1 << 24 });
  await exportParquet(path, stream);
  expect(stream.writable).toBe(true);
  stream.end();
  expect(Buffer.concat(await stream.toArray()).equals(readFileSync(parquet))).toBe(true);
});

test("ended early, it leaves a valid file of what was written so far", async () => {
  const { path, parquet } = names();
  await run(streamOf(samples(100_000)).pipe(toArrow(path, { batchRows: 1000 })));
  const ending = new AbortController();
  const stream = new PassThrough({ highWaterMark: 1 });
  const exporting = exportParquet(path, stream, { signal: ending.signal });
  // It writes the next group once the one before was read.
  await once(stream, "readable");
  ending.abort();
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const { rows } = await exporting;
  writeFileSync(parquet, Buffer.concat(chunks));
  expect(rows).toBeGreaterThanOrEqual(32_768);
  expect(rows).toBeLessThan(100_000);
  expect((await queryByDuckDb(`SELECT count(*) AS n FROM '${parquet}'`)).rows).toEqual([{ n: BigInt(rows) }]);
});
