import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import type { Terminal } from "../../../testing/terminal.js";
import { enter, piped, startPrompt } from "./prompt.js";

const folder = temporaryFolder();

/** Thirty lines as an editor has them: no line by itself is what it means. */
const BLOCK = [
  "interface Sum {",
  "  readonly of: number;",
  "  readonly total: number;",
  "}",
  "",
  "// Adds up.",
  "function add(before: Sum, n: number): Sum {",
  "\tif (n < 0) {",
  '\t\tthrow new Error("negative");',
  "\t}",
  "\telse {",
  "\t\treturn { of: before.of + 1, total: before.total + n };",
  "\t}",
  "}",
  "",
  "const sums = from([1, 2, 3])",
  "  // a comment within",
  "  .pipe(",
  "    map((n) =>",
  "      n * 2),",
  "  )",
  "  .pipe(scan(add, { of: 0, total: 0 }))",
  "  .pipe(toArray());",
  "const text = `of",
  "",
  "all`;",
  "const last = (await lastValueFrom(sums))",
  "  .at(-1);",
  "/* the end */",
  "[last?.total, text.length]",
];
const GIVEN = /\[ 12, 7 \]\nrxbpf>$/;

const noError = (prompt: Terminal): void =>
  expect(prompt.history()).not.toMatch(/TS\d+\)|Uncaught|Expected|Invalid|~~~/);

test("a block of thirty lines is pasted without brackets", async () => {
  expect(BLOCK).toHaveLength(30);
  const prompt = await startPrompt();
  prompt.type(`${BLOCK.join("\r")}\r`);
  await prompt.waitFor(GIVEN, 20);
  noError(prompt);
});

test("so is one without a last line end, which Enter gives it", async () => {
  const prompt = await startPrompt();
  prompt.type(BLOCK.join("\r"));
  await prompt.waitFor("[last?.total, text.length]");
  prompt.key("Enter");
  await prompt.waitFor(GIVEN, 20);
  noError(prompt);
});

test("and one that comes in pieces", async () => {
  const prompt = await startPrompt();
  for (const piece of `${BLOCK.join("\r")}\r`.match(/[^]{1,100}/g)!) {
    prompt.type(piece);
    await sleep(1);
  }
  await prompt.waitFor(GIVEN, 20);
  noError(prompt);
});

test("and one that comes while another input runs", async () => {
  const prompt = await startPrompt();
  prompt.type("await new Promise((done) => setTimeout(done, 1000))\r");
  await sleep(500);
  prompt.type(`${BLOCK.join("\r")}\r`);
  await prompt.waitFor(GIVEN, 20);
  noError(prompt);
});

test("it is pasted with brackets too, and Enter runs it", async () => {
  const prompt = await startPrompt();
  prompt.paste(BLOCK.join("\n"));
  await prompt.waitFor("[last?.total, text.length]");
  prompt.key("Enter");
  await prompt.waitFor(GIVEN, 20);
  noError(prompt);
});

test("it is typed in the editor", async () => {
  const prompt = await startPrompt();
  prompt.type(".editor\r");
  await prompt.waitFor("Entering editor mode");
  prompt.type(BLOCK.join("\r"));
  await prompt.waitFor("[last?.total, text.length]");
  prompt.key("Ctrl-D");
  await prompt.waitFor(GIVEN, 20);
  noError(prompt);
});

test("it comes through a pipe", async () => {
  expect(await piped(folder, BLOCK)).toMatchObject({ status: 0, stdout: "[ 12, 7 ]\n", stderr: "" });
});

test("each input of a paste is shown what it gives", async () => {
  const prompt = await startPrompt();
  prompt.type("1 + 1\r2 + 2\rof('a', 'b')\r  .pipe(take(1))\r3 + 3\r");
  await prompt.waitFor(/6\nrxbpf>$/, 20);
  expect(prompt.history()).toMatch(/\n2\n[^]*\n4\n[^]*\na\n[^]*\n6\n/);
});

test("lines that are typed one by one go on where they must", async () => {
  const prompt = await startPrompt();
  for (const line of ["const double = (n: number) =>", "const text = `a"]) {
    expect(await enter(prompt, line)).toMatch(/\n(\.\.\.|\|)$/);
    await enter(prompt, line.includes("`") ? "b`" : "n * 2");
  }
  expect(await enter(prompt, "double(21) + text")).toContain("'42a\\nb'");
});
