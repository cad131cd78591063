import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { readRecording, recover } from "@rxbpf/sinks";
import { tableFromIPC } from "@uwdata/flechette";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { start, temporaryFolder } from "../../../testing/programs.js";
import { entries } from "./recorded.js";

const folder = temporaryFolder();
const program = fileURLToPath(new URL("record-child.mjs", import.meta.url));
beforeAll(build, 60_000);

test("a recorder that is killed at any moment leaves all that it had written, in order", async () => {
  let rows = 0;
  for (let i = 0; i < 12; i++) {
    const path = `${folder}/${i}.arrow`;
    const child = start(process.execPath, [program, path, String(1000 + 700 * i)]);
    // Its first report comes when there is a file; then it has a random time.
    const written = Number(await child.line());
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
    child.kill("SIGKILL");
    await expect(child.ended()).rejects.toThrow("SIGKILL");

    expect(readFileSync(path).length).toBeGreaterThanOrEqual(written);
    if (readFileSync(path).length === 0) continue;
    const found = entries(path);
    expect(found).toEqual(found.map((_, seq) => ({ seq, size: `${seq * 10}`, name: `file ${seq}` })));
    rows += found.length;
    expect(readRecording(path).info.probe).toBe("child");
    expect(await recover(path)).toMatchObject({ rows: found.length, finished: false });
    expect(tableFromIPC(readFileSync(path)).numRows).toBe(found.length);
  }
  expect(rows).toBeGreaterThan(10_000);
});
