import { once } from "node:events";
import { PassThrough } from "node:stream";

import { type Progress, toJson } from "@rxbpf/sinks";
import { concat, interval, map, NEVER, Subject, take, toArray, lastValueFrom, throwError } from "rxjs";
import { expect, test } from "vitest";

const discarded = (): PassThrough => new PassThrough().resume();

test("progress comes at most a few times a second while events come, and ends with all of them", async () => {
  const start = performance.now();
  const progress = await lastValueFrom(interval(5).pipe(take(140), toJson(discarded()), toArray()));
  expect(progress.at(-1)).toEqual({ rows: 140, bytes: expect.any(Number), lost: 0 });
  expect(progress.length).toBeGreaterThanOrEqual(2);
  expect(progress.length).toBeLessThanOrEqual((performance.now() - start) / 250 + 1);
});

test("a failing stream's progress comes before its error", async () => {
  const told: (Progress | string)[] = [];
  const rows = concat(
    [1, 2],
    throwError(() => new Error("it broke")),
  );
  const output = discarded();
  await new Promise<void>((resolve) => {
    rows.pipe(toJson(output)).subscribe({
      next: (progress) => told.push(progress),
      error: (error: Error) => resolve(void told.push(error.message)),
    });
  });
  expect(told).toEqual([{ rows: 2, bytes: 4, lost: 0 }, "it broke"]);
});

test("a given stream stays open, without the sink's listeners", async () => {
  const output = new PassThrough();
  await lastValueFrom(concat([1, 2]).pipe(toJson(output)));
  expect(output.writable).toBe(true);
  expect(output.listenerCount("error")).toBe(0);
  output.end("3\n");
  expect(String(Buffer.concat(await output.toArray()))).toBe("1\n2\n3\n");
});

test("lines of one turn are written in one piece", async () => {
  const output = new PassThrough();
  const rows = new Subject<number>();
  const subscription = rows.pipe(toJson(output)).subscribe();
  for (let row = 0; row < 1000; row++) rows.next(row);
  const [chunk] = await once(output, "data");
  expect(String(chunk).split("\n")).toHaveLength(1001);
  subscription.unsubscribe();
});

test("an operator can be used for several streams at once", async () => {
  const output = new PassThrough();
  const sink = toJson<string>(output);
  const other = NEVER.pipe(sink).subscribe();
  await lastValueFrom(concat(["a"]).pipe(sink));
  await lastValueFrom(
    concat(["b"]).pipe(
      map((row) => row),
      sink,
    ),
  );
  other.unsubscribe();
  output.end();
  expect(String(Buffer.concat(await output.toArray()))).toBe('"a"\n"b"\n');
});
