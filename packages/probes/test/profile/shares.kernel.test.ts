import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import type { Frame } from "@rxbpf/core";
import { profile, type Sample } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { type Child, start, temporaryFolder } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";

const folder = temporaryFolder();
const source = new URL("programs/shares.c", import.meta.url).pathname;
const SHARES = { seventy: 0.7, twenty: 0.2, ten: 0.1 };

function compiled(compiler: "cc" | "c++"): string {
  const program = path.join(folder, `shares-${compiler}`);
  const flags = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-inline"];
  execFileSync(compiler, [...flags, "-x", compiler === "cc" ? "c" : "c++", "-o", program, source]);
  return program;
}

/** What a function is called, without the arguments of C++ and the mark of JavaScript's compilers. */
const plainName = ({ name }: Frame): string =>
  name
    .replace(/\(.*$/, "")
    .replace(/^(?:LazyCompile|JS|Function):\W?/, "")
    .replace(/ .*$/, "");

/** How long a process has used processors. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The share of the samples of a process that each function has in itself or in what it calls. */
async function sharesOf(child: Child, frequency: number): Promise<Record<string, number>> {
  const recording = await record(profile({ pid: child.pid, frequency, userStacksOnly: true }));
  const before = processorSeconds(child.pid);
  await expect.poll(() => processorSeconds(child.pid) - before, { timeout: 30_000 }).toBeGreaterThan(3);
  const rows = (await recording.finish()).flatMap((table) => [...table]);
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  expect(total).toBeGreaterThan(200);
  const share = (name: string): number => {
    const through = rows.filter(({ userStack }) => userStack.some((frame) => plainName(frame) === name));
    return through.reduce((sum, { count }) => sum + count, 0) / total;
  };
  return Object.fromEntries(Object.keys(SHARES).map((name) => [name, share(name)]));
}

test.each([
  ["C", () => start(compiled("cc"))],
  ["C++", () => start(compiled("c++"))],
  [
    "JavaScript",
    () =>
      start(process.execPath, [
        "--perf-basic-prof",
        "--interpreted-frames-native-stack",
        "--no-turbo-inlining",
        new URL("programs/shares.cjs", import.meta.url).pathname,
      ]),
  ],
  // Samples, of a program that measures itself: another that takes the processor at the wrong moment moves a share.
])("shares of the time that functions take are shown within 3 points: %s", { retry: 2 }, async (_, run) => {
  const child = run();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const shares = await sharesOf(child, 499);
  for (const [name, share] of Object.entries(SHARES))
    expect(Math.abs(shares[name]! - share), `${name}: ${shares[name]}`).toBeLessThan(0.03);
  await child.ended();
});

test("what runs in the kernel is named, and its process with it", async () => {
  // Reading zeroes takes place in the kernel.
  const child = start("dd", ["if=/dev/zero", "of=/dev/null", "bs=1M"]);
  const recording = await record(profile({ pid: child.pid, frequency: 499 }));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const rows: Sample[] = (await recording.finish()).flatMap((table) => [...table]);
  child.kill("SIGKILL");
  const names = new Set(rows.flatMap(({ kernelStack }) => kernelStack.map(({ name }) => name)));
  expect(names).toContain("ksys_read");
  expect(rows.every(({ comm, pid }) => comm === "dd" && pid === child.pid)).toBe(true);
});
