import path from "node:path";

import type { ExecEvent } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

import { argsOf, programs } from "./execs.js";

const { folder, witness, trace } = programs();
const missing = path.join(folder, "missing");
const letters = (count: number) => ({ word: `*${count}` });

// The same limits, of arguments read from the new program's memory and of those read from the caller's.
describe.each([
  ["a program that runs", () => witness, {}],
  ["a failed exec", () => missing, { fails: true }],
] as const)("of %s", (_, target, base) => {
  async function one(options: object, args: Parameters<typeof trace>[3]): Promise<ExecEvent> {
    const { events } = await trace({ ...base, ...options }, "execve", target(), args);
    expect(events).toHaveLength(1);
    expect(events[0]!.filename).toBe(target());
    return events[0]!;
  }

  test.each([
    ["8192 without `argsSize`", {}, 8192],
    ["what `argsSize` says", { argsSize: 100 }, 100],
    ["32768 at most", { argsSize: 32_768 }, 32_768],
  ])("as many bytes of arguments are read as %s, their ends among them", async (_, options, limit) => {
    // "w" and its end take two bytes, the end of the other one.
    const exact = await one(options, ["w", letters(limit - 3)]);
    expect(exact).toMatchObject({ args: ["w", "x".repeat(limit - 3)], truncated: false });
    expect(argsOf(exact)).toBe(`${target()} ${"x".repeat(limit - 3)}`);

    const over = await one(options, ["w", letters(limit - 2)]);
    expect(over).toMatchObject({ args: ["w", "x".repeat(limit - 2)], truncated: true });
    expect(argsOf(over)).toBe(`${target()} ${"x".repeat(limit - 2)} ...`);
  });

  test("a limit at the end of an argument cuts what follows, be it empty", async () => {
    expect(await one({ argsSize: 4 }, ["w", "1", ""])).toMatchObject({ args: ["w", "1"], truncated: true });
    expect(await one({ argsSize: 4 }, ["w", "1"])).toMatchObject({ args: ["w", "1"], truncated: false });
  });

  test("a limit of one byte reads one", async () => {
    const event = await one({ argsSize: 1 }, ["abc", "1"]);
    expect(event).toMatchObject({ args: ["a"], truncated: true });
    expect(argsOf(event)).toBe(`${target()} ...`);
  });

  test("a cut within a character shows that it is none", async () => {
    expect(await one({ argsSize: 4 }, ["w", "aü"])).toMatchObject({ args: ["w", "a\uefc3"], truncated: true });
  });

  test("an argument of 100 KiB is cut at the limit, wherever it stands", async () => {
    const size = 100 * 1024;
    const limit = 32_768;
    expect(await one({ argsSize: limit }, [letters(size)])).toMatchObject({
      args: ["x".repeat(limit)],
      truncated: true,
    });
    expect(await one({ argsSize: limit }, ["w", letters(size), "1"])).toMatchObject({
      args: ["w", "x".repeat(limit - 2)],
      truncated: true,
    });
    // The last one begins at the last byte that is wanted.
    expect(await one({ argsSize: limit }, [letters(limit - 2), letters(size)])).toMatchObject({
      args: ["x".repeat(limit - 2), "x"],
      truncated: true,
    });
  });

  test("512 arguments are whole", async () => {
    const args = Array.from({ length: 512 }, (_, i) => `${i}`);
    expect(await one({}, args)).toMatchObject({ args, truncated: false });
  });

  test("with exactly `maxArgs` of them there is no `...`, the file's name among them", async () => {
    const five = await one({}, ["w", "1", "2", "3", "4"]);
    expect(argsOf(five, { maxArgs: 5 })).toBe(`${target()} 1 2 3 4`);
    expect(argsOf(five, { maxArgs: 4 })).toBe(`${target()} 1 2 3 ...`);
    expect(argsOf(five, { maxArgs: 1 })).toBe(`${target()} ...`);
    expect(five.args).toEqual(["w", "1", "2", "3", "4"]);
  });
});

test("more than 512 arguments are whole where the program runs, and cut there where it does not", async () => {
  const args = Array.from({ length: 513 }, (_, i) => `${i}`);
  const [ran] = (await trace({}, "execve", witness, args)).events;
  expect(ran).toMatchObject({ args, truncated: false });
  const [failed] = (await trace({ fails: true }, "execve", missing, args)).events;
  expect(failed).toMatchObject({ args: args.slice(0, 512), truncated: true });
  expect(argsOf(failed!)).toMatch(/ 511 \.\.\.$/);
});
