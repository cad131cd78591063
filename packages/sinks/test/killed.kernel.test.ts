import { readFileSync, statSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { Progress } from "@rxbpf/sinks";
import { readRecording, recover } from "@rxbpf/sinks";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { tableFromIPC } from "../../../testing/flechette.js";
import { readByPolars } from "../../../testing/polars.js";
import { numbers, start, temporaryFolder } from "../../../testing/programs.js";
import { entries } from "./recorded.js";

const folder = temporaryFolder();
const program = fileURLToPath(new URL("record-child.mjs", import.meta.url));
beforeAll(build, 60_000);

/** Runs a recorder and kills it some time after its start, or after its first progress. Returns its last progress. */
async function killed(args: readonly string[], afterMs: number, begun: boolean): Promise<Progress | undefined> {
  const child = start(process.execPath, [program, ...args]);
  const told: Progress[] = begun ? [JSON.parse(await child.line()) as Progress] : [];
  await wait(afterMs);
  child.kill("SIGKILL");
  for await (const line of child.lines()) told.push(JSON.parse(line) as Progress);
  await expect(child.ended()).rejects.toThrow("SIGKILL");
  return told.at(-1);
}

test.each(["", "zstd"])(
  "a recorder that is killed at any moment leaves all batches but the last, in order (compression: %j)",
  async (compression) => {
    const seed = Date.now() % 1e6;
    const next = numbers(seed);
    let rows = 0;
    for (let i = 0; i < 6; i++) {
      const path = `${folder}/${compression}${i}.arrow`;
      const batchRows = 500 * (1 + next(16));
      // Every third while it starts.
      const begun = i % 3 > 0;
      const told = await killed(
        [path, String(batchRows), compression],
        begun ? 100 + next(300) : 200 + next(400),
        begun,
      );

      const where = `seed ${seed}, round ${i}`;
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      expect(size, where).toBeGreaterThanOrEqual(told?.bytes ?? 0);
      if (size === 0) continue;
      const found = entries(path);
      expect(found, where).toEqual(found.map((_, seq) => ({ seq, size: `${seq * 10}`, name: `file ${seq}` })));
      // Everything in the progress had come, and all but a batch of it was written.
      if (told && told.bytes > 0) expect(found.length, where).toBeGreaterThan(told.rows - batchRows - 1);
      rows += found.length;
      expect(readRecording(path).info.probe).toBe("child");
      expect(await recover(path)).toMatchObject({ rows: found.length, finished: false });
      expect(tableFromIPC(readFileSync(path)).numRows).toBe(found.length);
      expect(readByPolars(path).column("seq").toArray()).toEqual(found.map((_, seq) => seq));
    }
    expect(rows).toBeGreaterThan(1_000);
  },
);
