import { copyFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";

import { expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { compile, run, temporaryFolder } from "../../../testing/programs.js";
import { startTerminal, type Terminal } from "../../../testing/terminal.js";
import { commandLine } from "./cli.js";

const folder = temporaryFolder();
const flood = join(folder, `flood${process.pid}`);
renameSync(compile(new URL("../../../bench/flood.c", import.meta.url), folder), flood);

/** A `cat` that no other is mistaken for. */
const cat = join(folder, `cat${process.pid}`);
copyFileSync("/bin/cat", cat);
const name = basename(cat);

/** Without the files of a language, which it would try to open too. */
const runCat = (...paths: readonly string[]) => run("env", ["-i", cat, ...paths]);

async function startPrompt(columns = 90): Promise<Terminal> {
  const terminal = startTerminal(commandLine(), { columns, rows: 20, env: { RXBPF_HISTORY: "" } });
  await terminal.waitFor(/rxbpf>$/);
  return terminal;
}

/** The row that a file's open has in the table. */
const row = (path: string): RegExp => new RegExp(`^\\d+ +${name} +-1 +2 ${path}$`, "m");

test("a probe's stream is a table in its own columns, with a line that counts below it", async () => {
  const paths = [1, 2, 3].map((i) => `/tmp/${uniqueName()}-${i}`);
  const prompt = await startPrompt();
  prompt.type(`opensnoop({ comm: '${name}', failed: true })\r`);
  await prompt.waitFor(/PID +COMM +FD ERR PATH\n0 events +0\/s +Ctrl-C ends$/);
  await runCat(...paths);
  const screen = await prompt.waitFor(/^3 events/m);
  for (const path of paths) expect(screen).toMatch(row(path));
  prompt.key("Ctrl-C");
  const end = await prompt.waitFor(/rxbpf>$/);
  expect(end).not.toContain("Ctrl-C ends");
  for (const path of paths) expect(end).toMatch(row(path));
});

test("of a flood a sample is shown, which is said, and all is counted", { timeout: 60_000 }, async () => {
  const prompt = await startPrompt();
  prompt.type(`opensnoop({ comm: '${basename(flood)}' })\r`);
  await prompt.waitFor("0 events");
  await run(flood, ["500000"]);
  // With what the program's start opens.
  await prompt.waitFor(/^500,00\d events .* of them shown/m, 30);
  prompt.key("Ctrl-C");
  await prompt.waitFor(/^500,00\d events +[\d,]+ of them shown\nrxbpf>$/m);
  expect(prompt.screen()).toContain("/etc/hostname");
});

test("after operators rows are shown as what they are, and numbers as lines", async () => {
  const path = `/tmp/${uniqueName()}`;
  const prompt = await startPrompt();
  prompt.type(
    `opensnoop({ comm: '${name}' }).pipe(filter((e) => e.ret < 0), map(({ path, comm }) => ({ path, comm })))\r`,
  );
  await prompt.waitFor("0 events");
  await runCat(path);
  await prompt.waitFor(`path=${path} comm=${name}`);
  prompt.key("Ctrl-C");
  await prompt.waitFor(/rxbpf>$/);
  prompt.type("interval(10).pipe(take(3), map((n) => n * 11))\r");
  await prompt.waitFor(/\n0\n11\n22\nrxbpf>$/);
});

test("a table takes the place of the one before, and so does a histogram", async () => {
  const prompt = await startPrompt();
  prompt.type("const rows = (n: number) => [{ comm: 'cat', count: n }, { comm: 'dog', count: 2 * n }]\r");
  prompt.type("interval(100).pipe(map((n) => new Table(0, rows(n))))\r");
  const screen = await prompt.waitFor(/COMM +COUNT\ncat +9\ndog +18\n/);
  expect(screen.match(/COMM/g)).toHaveLength(1);
  // Keys are the table's, and what is pasted waits for the prompt.
  prompt.type("2");
  await prompt.waitFor(/dog +\d+\ncat +\d+\n.* by COUNT, highest first\n.*q quit$/);
  prompt.type("r");
  prompt.paste("6 * 7\r");
  await prompt.waitFor(/cat +\d+\ndog +\d+\n.* by COUNT, lowest first\n/);
  prompt.type("q");
  await prompt.waitFor(/dog +\d+\nrxbpf> 6 \* 7/);
  prompt.key("Enter");
  await prompt.waitFor(/\n42\nrxbpf>$/);
  prompt.type("range(1, 100).pipe(histogram((n) => n))\r");
  await prompt.waitFor(/64 -> 127 +: 37 +\|\*+ *\|\ncount 100, min 1, max 100, mean 50.5\nrxbpf>$/);
});

test("rows are cut to the width of the terminal, also when it becomes narrower", async () => {
  const path = `/tmp/${uniqueName()}-${"x".repeat(100)}`;
  const prompt = await startPrompt();
  prompt.type(`opensnoop({ comm: '${name}', failed: true })\r`);
  await prompt.waitFor("0 events");
  prompt.resize(40, 10);
  await runCat(path, path);
  const screen = await prompt.waitFor(/^2 events/m);
  const rows = screen.split("\n").filter((line) => line.includes(name) && /^\d/.test(line));
  expect(rows.map((line) => line.length)).toEqual([39, 39]);
  prompt.key("Ctrl-C");
  await prompt.waitFor(/rxbpf>$/);
});

test("nothing that a process wrote is obeyed by the terminal", async () => {
  const prompt = await startPrompt();
  prompt.type(`opensnoop({ comm: '${name}', failed: true }).pipe(map((e) => ({ [e.path]: new Error(e.path) })))\r`);
  await prompt.waitFor("0 events");
  await runCat("/tmp/\x1b[2J\u202e\x9bred");
  await prompt.waitFor(String.raw`/tmp/\x1b[2J\u202e`);
  prompt.key("Ctrl-C");
  await prompt.waitFor(/rxbpf>$/);
  prompt.type(String.raw`({ e: new Error("\x1b[2J\u202e\x1b[31m"), "\u2028": new Map([["\x9b", "\u2066"]]) })` + "\r");
  const screen = await prompt.waitFor(/\\u2066[\s\S]*rxbpf>$/);
  expect(screen).toContain("\\x1b[2J\\u202e");
});

test("an array of events is a table, cut after twenty rows", async () => {
  const prompt = await startPrompt();
  prompt.type("Array.from({ length: 1234 }, (_, i) => ({ i, comm: 'cat' }))\r");
  await prompt.waitFor(/^ *19 cat\n\.\.\. and 1,214 rows more\nrxbpf>$/m);
});

test("a stream's error is told, and the prompt goes on", async () => {
  const prompt = await startPrompt();
  prompt.type("opensnoop({ cgroupmap: '/tmp/none-such' })\r");
  await prompt.waitFor(/Cannot[\s\S]*rxbpf>$/);
  prompt.type("6 * 7\r");
  await prompt.waitFor("42");
});
