import { readFileSync, statSync } from "node:fs";

import { EventStream, textOf } from "@rxbpf/core";
import { type Batch, milliseconds } from "@rxbpf/core/events";
import { execsnoop, type OpenEvent, opensnoop } from "@rxbpf/probes";
import { replay, toArrow } from "@rxbpf/sinks";
import { filter, firstValueFrom, lastValueFrom, Subject, toArray } from "rxjs";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { tableFromIPC } from "../../../testing/flechette.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { readByPolars } from "../../../testing/polars.js";
import { run, temporaryFolder } from "../../../testing/programs.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

/** A stream that also keeps the rows of what it delivers, made from the same records. */
function witnessed<E>(stream: EventStream<E>, rows: E[]): { stream: EventStream<E>; columns: () => number } {
  let records = 0;
  const keep = (batch: Batch<E>): void => {
    if (batch.records) records += batch.length;
    for (let i = 0; i < batch.length; i++) rows.push(batch.row(i));
  };
  const both = new EventStream<E>(stream.info, (receiver) =>
    stream.connect({
      ...receiver,
      batch(batch) {
        keep(batch);
        receiver.batch(batch);
      },
    }),
  );
  return { stream: both, columns: () => records };
}

const HOSTILE = [
  Buffer.from("plain"),
  Buffer.from("new\nline\x1b[2J\x07"),
  Buffer.from([0x2f, 0xff, 0xfe, 0xc3, 0x28]),
  Buffer.from("\ufeff bom"),
  Buffer.from("😀ä\u202e"),
  // The longest that can be opened, with its NUL 4096 bytes; and one more, which fails.
  Buffer.from(`/${"x".repeat(250)}`.repeat(17).slice(0, 4095)),
  Buffer.from(`/${"y".repeat(250)}`.repeat(17).slice(0, 4096)),
];

test.each([undefined, "zstd"] as const)(
  "what opensnoop recorded in columns replays as the rows of the same events, and others read the same, whatever the paths (%s)",
  async (compression) => {
    const path = `${folder}/${uniqueName()}.arrow`;
    const stop = new Subject<void>();
    const rows: OpenEvent[] = [];
    const { stream, columns } = witnessed(opensnoop({ comm: "opener" }), rows);
    const ready = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
    const done = lastValueFrom(stream.until(stop).pipe(toArrow(path, { compression })));
    await ready;
    // Perl opens bytes as they are.
    const opens = HOSTILE.map((name) => `open(F, "<", pack("H*", "${name.toString("hex")}"));`).join("");
    await run("perl", ["-e", `$0 = "opener"; for (1 .. 50) { ${opens} }`]);
    await expect.poll(() => rows.length, { timeout: 5000 }).toBeGreaterThanOrEqual(HOSTILE.length * 50);
    stop.next();
    const progress = await done;

    expect(progress).toMatchObject({ rows: rows.length, lost: 0 });
    expect(columns()).toBe(rows.length);
    const replayed = await lastValueFrom(replay(path).pipe(toArray()));
    expect(replayed).toEqual(rows);
    const paths = new Set(replayed.map((row) => row["path"]));
    // Of the one that is too long the kernel reads what fits.
    for (const name of HOSTILE) expect(paths).toContain(textOf(name.subarray(0, 4095)));
    expect(statSync(path).mode & 0o777).toBe(0o600);

    const table = tableFromIPC(readFileSync(path), { useBigInt: true });
    const frame = readByPolars(path);
    expect([table.numRows, frame.shape.height]).toEqual([rows.length, rows.length]);
    const number = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);
    for (const name of Object.keys(opensnoop.outputs.events.schema.fields) as (keyof OpenEvent)[]) {
      if (name === "time") continue;
      const expected = rows.map((row) => row[name]);
      // Its decoder takes a byte order mark away.
      const unmarked = (value: unknown): unknown => (typeof value === "string" ? value.replace(/^\ufeff/, "") : value);
      expect(Array.from(table.getChild(name) as Iterable<unknown>, number), name).toEqual(expected.map(unmarked));
      expect(frame.column(name).toArray().map(number), name).toEqual(expected);
    }
    const moments = table.getChild("time")!.data.flatMap(({ values }) => [...(values as BigInt64Array)]);
    expect(moments.map(milliseconds)).toEqual(rows.map(({ time }) => time));
  },
);

test("arguments are recorded whole, as lists", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const stop = new Subject<void>();
  const rows: unknown[] = [];
  const { stream } = witnessed(execsnoop(), rows as never[]);
  const ready = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const done = lastValueFrom(stream.until(stop).pipe(toArrow(path)));
  await ready;
  const args = ["", "a b", "line\nbreak", "ä", "x".repeat(3000)];
  const { pid } = await run("true", args);
  await expect.poll(() => rows.length, { timeout: 5000 }).toBeGreaterThan(0);
  stop.next();
  await done;
  const replayed = await lastValueFrom(replay(path).pipe(toArray()));
  expect(replayed).toEqual(rows);
  expect(replayed.find((row) => row["pid"] === pid)?.["args"]).toEqual(["true", ...args]);
});
