import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

import { readRecording, recover } from "@rxbpf/sinks";
import { beforeAll, expect, onTestFinished, test } from "vitest";

import build from "../../../testing/build.js";
import { tableFromIPC } from "../../../testing/flechette.js";
import { holdings, inKernel } from "../../../testing/holdings.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { readByPolars } from "../../../testing/polars.js";
import { numbers, start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf } from "./cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

const OPENS = 2_000_000;
/** What the program below is called; no other is. */
const NAME = `crash${process.pid}`;
/** Fails to open as many files, each of a name with its number. */
const opener = ["-e", `$0 = "${NAME}"; for ($i = 0; $i < ${OPENS}; $i++) { open(F, "<", "/none/$i"); }`];

/** The numbers of the opener's files in a recording, in order, by our own reader. */
function numbersIn(path: string): number[] {
  return [...readRecording(path).batches()].flatMap(({ length, columns }) =>
    Array.from({ length }, (_, i) => Number(/^\/none\/(\d+)$/.exec(columns.get("path")!(i) as string)?.[1])),
  );
}

/** The same by others, which read only what is finished. */
function numbersByOthers(path: string): number[][] {
  const columns = [
    tableFromIPC(readFileSync(path)).getChild("path")!.toArray(),
    readByPolars(path).column("path").toArray(),
  ];
  return columns.map((paths) => Array.from(paths as Iterable<string>, (one) => Number(one.slice("/none/".length))));
}

test.each([[], ["--compress"], ["--rotate-bytes", "2000000", "--compress"]])(
  "killed at any moment of a flood, it leaves what others can read once it was recovered: all from the first on, in order (flags: %j)",
  async (...flags) => {
    const seed = Date.now() % 1e6;
    const next = numbers(seed);
    const where = `seed ${seed}`;
    const directory = `${folder}/${uniqueName()}`;
    mkdirSync(directory);
    const files = () =>
      readdirSync(directory)
        .map((name) => `${directory}/${name}`)
        .sort();
    const [command, ...args] = commandLine("record", "opensnoop", "-n", NAME, "-o", `${directory}/r.arrow`, ...flags);
    const recorder = start(command, args);
    await expect.poll(() => files().some((file) => statSync(file).size > 0), { timeout: 10_000 }).toBe(true);
    const { objects } = holdings(recorder.pid);
    const sizeOf = (): number => files().reduce((sum, file) => sum + statSync(file).size, 0);
    const before = sizeOf();
    const flood = start("perl", opener);
    await expect.poll(sizeOf, { interval: 5 }).toBeGreaterThan(before);
    await wait(next(1000));
    recorder.kill("SIGKILL");
    await expect(recorder.ended()).rejects.toThrow("SIGKILL");
    flood.kill("SIGKILL");
    await flood.ended().catch(() => {});
    await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);

    const found: number[] = [];
    for (const file of files().filter((file) => statSync(file).size > 0)) {
      const numbers = numbersIn(file);
      expect(await recover(file), where).toMatchObject({ rows: numbers.length });
      for (const others of numbersByOthers(file)) expect(others, where).toEqual(numbers);
      for (const number of numbers) found.push(number);
    }
    expect(
      found.every((number, i) => number === i),
      where,
    ).toBe(true);
    expect(found.length).toBeGreaterThan(1_000);
  },
);

test.each([
  ["8m", []],
  ["1m", ["--compress"]],
  // Not one batch has room.
  ["200k", []],
])(
  "a full disk ends a recording with a line that says so, and a file that all can read (%s, flags: %j)",
  async (size, flags) => {
    const directory = `${folder}/${uniqueName()}`;
    mkdirSync(directory);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
    onTestFinished(() => void execFileSync("umount", ["--lazy", directory]));
    const path = `${directory}/r.arrow`;
    const limited = ["-n", NAME, "-o", path, ...flags, "--", "perl", ...opener];
    const outcome = await rxbpf("record", "opensnoop", ...limited);
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toBe(
      `rxbpf: Cannot write to ${path}: no space left on device; free some space, or write elsewhere\n`,
    );
    const info = JSON.parse((await rxbpf("info", path, "--json")).stdout);
    expect(info).toMatchObject({ state: `${path} ended early: disk full`, lost: { "disk full": expect.any(Number) } });

    expect(await recover(path)).toMatchObject({ finished: true, dropped: 0 });
    const found = numbersIn(path);
    if (size !== "200k") expect(found.length).toBeGreaterThan(1000);
    expect(found.every((number, i) => number === i)).toBe(true);
    // All that had come is told of: a batch at least.
    expect(info.lost["disk full"]).toBeGreaterThan(1000);
    expect(info.lost["disk full"] + found.length).toBeLessThanOrEqual(OPENS);
    for (const others of numbersByOthers(path)) expect(others).toEqual(found);
  },
);
