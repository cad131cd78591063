import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { makeCgroups } from "../../../testing/engines.js";
import { holdings, inKernel } from "../../../testing/holdings.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { NOBODY } from "../../../testing/privileges.js";
import { compile, run, temporaryFolder } from "../../../testing/programs.js";
import type { Terminal } from "../../../testing/terminal.js";
import { commandLine } from "./cli.js";
import { enter, piped, startPrompt, tab } from "./prompt.js";

const folder = temporaryFolder();
const flood = join(folder, `flood${process.pid}`);
renameSync(compile(new URL("../../../bench/flood.c", import.meta.url), folder), flood);

const links = (terminal: Terminal): string[] =>
  holdings(terminal.pid).objects.filter((object) => object.startsWith("link"));

test("an input is checked before it runs, and a wrong name is shown in its place", async () => {
  const prompt = await startPrompt();
  expect(await enter(prompt, "const n: number = 4.5")).not.toContain("TS");
  expect(await enter(prompt, "n.toFixd(1)")).toContain(
    "n.toFixd(1)\n  ~~~~~~\nProperty 'toFixd' does not exist on type 'number'. Did you mean 'toFixed'? (TS2551)",
  );
  expect(await enter(prompt, "opensnoop({ faild: true })")).toMatch(/Did you mean to\s+write 'failed'\?/);
  expect(links(prompt)).toEqual([]);
  expect(await enter(prompt, "n.toFixed(2)")).toContain("4.50");
});

test("what was declared can be assigned within its type, and declared again", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "let at: number | undefined");
  expect(await enter(prompt, "at = 7; at + 1")).toContain("8");
  expect(await enter(prompt, 'at = "seven"')).toContain("Type 'string' is not assignable to type 'number'");
  await enter(prompt, "const at = ['seven']");
  expect(await enter(prompt, "at.length * 100")).toContain("100");
  expect(await enter(prompt, "at = []")).toContain("Cannot assign to 'at' because it is a constant");
});

test("await, imports, types and Node's modules work as they do in a module", async () => {
  const prompt = await startPrompt();
  expect(await enter(prompt, "const { a, b: [c] } = await Promise.resolve({ a: 40, b: [2] })")).not.toContain("TS");
  expect(await enter(prompt, "a + c")).toContain("42");
  await enter(prompt, "interface Pair { left: number }");
  expect(await enter(prompt, "const pair: Pair = { left: 'x' }")).toContain("not assignable to type 'number'");
  await enter(prompt, 'import { readFileSync as read } from "node:fs"');
  expect(await enter(prompt, 'read("/proc/self/comm", "utf8").trim().length')).toContain("4");
  expect(await enter(prompt, 'path.join("a", "b")')).toContain("a/b");
  expect(await enter(prompt, "Promise.resolve(6 * 7)")).toContain("42");
});

test("Tab completes what can stand there: options, also on a later line, operators, and an event's fields", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "1"); // types are ready
  await tab(prompt, "opensnoop({ ");
  // As in a shell, the second press lists what the first could not choose from.
  await sleep(200);
  prompt.key("Tab");
  await prompt.waitFor(/cgroupmap[\s\S]*failed[\s\S]*pid/);
  await tab(prompt, "pid: 1, fai");
  await prompt.waitFor("opensnoop({ pid: 1, failed");
  prompt.key("Ctrl-C");

  await enter(prompt, "opensnoop({");
  await tab(prompt, "fai");
  await prompt.waitFor(/(\||\.\.\.) failed$/);
  prompt.key("Ctrl-C");

  await tab(prompt, "opensnoop().pipe(distinctUntilK");
  await prompt.waitFor("distinctUntilKeyChanged");
  prompt.key("Ctrl-C");

  await tab(prompt, "opensnoop().pipe(filter((e) => e.cgroupI");
  await prompt.waitFor("e.cgroupId");
});

test("Tab completes paths in strings, and names that there are", async () => {
  mkdirSync(join(folder, "sets"));
  writeFileSync(join(folder, "sets", "one"), "");
  const prompt = await startPrompt();
  await tab(prompt, `opensnoop({ cgroupmap: '${folder}/se`);
  await prompt.waitFor((screen) => screen.replaceAll("\n", "").endsWith("/sets/"));
  prompt.key("Tab");
  await prompt.waitFor((screen) => screen.replaceAll("\n", "").endsWith("/sets/one"));
  const name = uniqueName();
  makeCgroups(`${name}.service`);
  for (const before of ['opensnoop({ within: unit("', 'opensnoop({ unit: ["nginx", "']) {
    prompt.key("Ctrl-C");
    await tab(prompt, before + name.slice(0, -1));
    await prompt.waitFor((screen) => screen.replaceAll("\n", "").endsWith(`${before}${name}.service`));
  }
});

test("an input goes on until it is complete, and Ctrl-C forgets what was typed of it", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "function twice(n: number) {");
  await enter(prompt, "  return n * 2");
  await enter(prompt, "}");
  expect(await enter(prompt, "twice(21)")).toContain("42");
  await enter(prompt, "const gone = [");
  prompt.key("Ctrl-C");
  await prompt.waitFor(/rxbpf>$/);
  expect(await enter(prompt, "twice(4)")).toContain("8");
  expect(await enter(prompt, "gone")).toContain("Cannot find name 'gone'");
});

test("a block of thirty lines can be pasted, with chains that begin with a dot and with tabs", async () => {
  const prompt = await startPrompt();
  const block = [
    "const sums = from([1, 2, 3])",
    "\t.pipe(",
    "\t\tmap((n) => n * 2),",
    ...Array.from({ length: 25 }, (_, i) => `\t\tmap((n) => n + ${i}),`),
    "\t)",
    "\t.pipe(toArray())",
  ];
  expect(block).toHaveLength(30);
  prompt.paste(block.join("\n"));
  await prompt.waitFor(".pipe(toArray())");
  await enter(prompt, "");
  expect(await enter(prompt, "await lastValueFrom(sums)")).toContain("[ 302, 304, 306 ]");
});

test("lines that are typed while one runs wait for it", async () => {
  const prompt = await startPrompt();
  prompt.type("await new Promise((done) => setTimeout(done, 500))\rconst late = 'it ' + 'ran'\rlate\r");
  await prompt.waitFor("it ran");
});

test("Ctrl-C ends a wait, a loop and what a person does not want to see, and the prompt goes on", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "1");
  for (const line of ["await new Promise(() => {})", "for (;;) {}"]) {
    const before = prompt.history().length;
    prompt.type(`${line}\r`);
    await prompt.waitFor(() => prompt.history().slice(before).includes(line));
    // The input is being checked, or runs.
    const again = setInterval(() => prompt.key("Ctrl-C"), 500);
    try {
      await prompt.waitFor(() => prompt.history().slice(before).includes("Interrupted"));
    } finally {
      clearInterval(again);
    }
  }
  await prompt.waitFor(/rxbpf>$/);
  expect(await enter(prompt, "40 + 2")).toContain("42");
});

test("a stream is shown until Ctrl-C, which leaves nothing attached", async () => {
  const name = uniqueName();
  const prompt = await startPrompt();
  await enter(prompt, "const opens = opensnoop({ failed: true, comm: 'cat' })");
  expect(links(prompt)).toEqual([]);
  prompt.type("opens\r");
  await expect.poll(() => links(prompt), { timeout: 5_000 }).not.toEqual([]);
  const { objects } = holdings(prompt.pid);
  await run("cat", [`/tmp/${name}`]);
  await prompt.waitFor(`/tmp/${name}`);
  prompt.key("Ctrl-C");
  await prompt.waitFor(/rxbpf>$/);
  await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
  expect(await enter(prompt, "6 * 7")).toContain("42");
});

test("the prompt answers while a hundred thousand events a second pass, .streams counts them, .stop ends them", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "let seen = 0");
  expect(await enter(prompt, `opensnoop({ comm: '${basename(flood)}' }).subscribe(() => seen++)`)).toContain(
    "Attached 1",
  );
  const { objects } = holdings(prompt.pid);
  const flooding = run(flood, ["1000000"]);
  await expect
    .poll(async () => Number((await enter(prompt, "seen")).match(/^\d+$/m)?.[0]), { timeout: 10_000 })
    .toBeGreaterThan(10_000);
  await flooding;
  await expect.poll(async () => enter(prompt, "seen"), { timeout: 10_000 }).toMatch(/^100000\d$/m);
  expect(await enter(prompt, ".streams")).toMatch(/^1 +\d+ 1,000,00\d +[\d,]+ +0 +opensnoop/m);
  expect(await enter(prompt, ".stop 1")).toContain("Stopped 1");
  await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
  expect(await enter(prompt, ".streams")).toContain("Nothing is attached");
});

test("what others print comes above what is being typed", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "timer(1000).subscribe(() => console.log('from below'))");
  prompt.type("6 * ");
  await prompt.waitFor(/from below\nrxbpf> 6 \*$/);
  prompt.type("7\r");
  await prompt.waitFor("42");
});

test("an error that nobody caught is told without what could be obeyed by the terminal, and the prompt goes on", async () => {
  const prompt = await startPrompt();
  await enter(prompt, String.raw`setTimeout(() => { throw new Error("red \x1b[31m alert") }, 1)`);
  await prompt.waitFor(/^Uncaught Error: red \\x1b\[31m alert\n    at line 1: .*\nrxbpf>$/m);
  expect(await enter(prompt, "6 * 7")).toContain("42");
});

test("Ctrl-D ends what is attached in good order, its sinks written", async () => {
  const name = uniqueName();
  const path = join(folder, `${name}.ndjson`);
  const prompt = await startPrompt();
  await enter(prompt, `opensnoop({ comm: 'cat' }).pipe(toJson('${path}')).subscribe()`);
  const { objects } = holdings(prompt.pid);
  await run("cat", [`/tmp/${name}`]);
  prompt.key("Ctrl-D");
  expect(await prompt.ended()).toBe(0);
  expect(readFileSync(path, "utf8")).toContain(`/tmp/${name}`);
  await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
});

test("inputs are remembered by the next prompt, for their owner only", async () => {
  const history = join(folder, uniqueName());
  const first = await startPrompt({ history });
  await enter(first, "const remembered = 41");
  first.key("Ctrl-D");
  await first.ended();
  expect(statSync(history).mode & 0o077).toBe(0);
  const second = await startPrompt({ history });
  second.key("Up");
  await second.waitFor("rxbpf> const remembered = 41");
});

test(".type, .doc and .help tell what is there", async () => {
  const prompt = await startPrompt();
  expect(await enter(prompt, ".type opensnoop().pipe(map((e) => e.path))")).toContain("Flow<string>");
  expect(await enter(prompt, ".doc opensnoop")).toMatch(/failed +only calls that failed|failed +\S/);
  expect(await enter(prompt, ".doc cgroupIdBytes")).toContain("function cgroupIdBytes");
  expect(await enter(prompt, ".help")).toMatch(/opensnoop +files that processes open[\s\S]*\.streams/);
});

test("without root the prompt says what is missing, says why nothing attaches, and replays recordings", async () => {
  const name = uniqueName();
  const recording = join(folder, `${name}.arrow`);
  const [command, ...args] = commandLine(
    "record",
    "opensnoop",
    "--name",
    "cat",
    "-o",
    recording,
    "--",
    "cat",
    `/tmp/${name}`,
  );
  expect((await run(command, args)).stderr).toContain(name);
  execFileSync("chmod", ["a+rx", folder]);
  execFileSync("chmod", ["a+r", recording]);
  const prompt = await startPrompt({
    history: "",
    through: ["setpriv", ...NOBODY],
  });
  await prompt.waitFor(/CAP_BPF and CAP_PERFMON[^]*\nrxbpf>$/);
  expect(await enter(prompt, "opensnoop()")).toContain("Cannot");
  prompt.type(`replay('${recording}').pipe(map(({ path }) => ({ path })))\r`);
  await prompt.waitFor(`/tmp/${name}`);
});

test("two hundred inputs that declare something stay checked", async () => {
  const inputs = Array.from({ length: 200 }, (_, i) => `const v${i} = ${i === 0 ? 0 : `v${i - 1} + 1`}`);
  const { stdout, stderr, status } = await piped(folder, [...inputs, "v199", "v199.length"]);
  expect(stdout).toBe("199\n");
  expect(stderr).toContain("Property 'length' does not exist on type 'number'");
  expect(status).toBe(1);
});

test("inputs from a pipe run one after another, with nothing but what they give", async () => {
  expect(
    await piped(folder, [
      "const three = interval(1)",
      "  .pipe(take(3))",
      "three",
      "function f() {",
      "  return 'done'",
      "}",
      "f()",
    ]),
  ).toMatchObject({ status: 0, stderr: "", stdout: "0\n1\n2\n'done'\n" });
  expect(await piped(folder, ["1", "nothing.here", "2"])).toMatchObject({
    status: 1,
    stdout: "1\n",
    stderr: expect.stringContaining("Cannot find name 'nothing'"),
  });
  const thrown = { status: 1, stdout: "1\n", stderr: "Uncaught Error: full\n    at line 1: throw new Error('full')\n" };
  expect(await piped(folder, ["1", "throw new Error('full')", "2"])).toMatchObject(thrown);
  expect(await piped(folder, ["1", "throw"])).toMatchObject({
    status: 1,
    stdout: "1\n",
    stderr: expect.stringMatching(/./),
  });
});
