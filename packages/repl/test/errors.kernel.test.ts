import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine } from "./cli.js";
import { enter, piped, startPrompt } from "./prompt.js";

const folder = temporaryFolder();

/** Opens files, so that a stream has events. */
function busy(): void {
  start("sh", ["-c", "while sleep 0.1; do cat /etc/hostname; done > /dev/null"]);
}

const FAILING = ['opensnoop({ comm: "cat" }).pipe(', "  map((e) => (e as any).nothing.here),", ")"];
const TOLD = [
  "Uncaught TypeError: Cannot read properties of undefined (reading 'here')",
  "    in opensnoop, at line 2: map((e) => (e as any).nothing.here),",
];

test("an error in a stream that is shown is told with the stream and the line", async () => {
  busy();
  const prompt = await startPrompt();
  for (const line of FAILING) prompt.type(`${line}\r`);
  await prompt.waitFor(`${TOLD.join("\n")}\nrxbpf>`);
});

test("so is one in a stream that runs while another input is typed", async () => {
  const prompt = await startPrompt();
  for (const line of [...FAILING.slice(0, -1), ").subscribe()"]) prompt.type(`${line}\r`);
  await prompt.waitFor("Attached 1");
  prompt.type("6 * ");
  busy();
  await prompt.waitFor(`${TOLD.join("\n")}\nrxbpf> 6 *`);
  prompt.type("7\r");
  await prompt.waitFor(/\n42\nrxbpf>$/);
  expect(await enter(prompt, ".streams")).toContain("Nothing is attached");
});

test("a next that throws is told once, and its stream is ended", async () => {
  busy();
  const prompt = await startPrompt();
  await enter(prompt, 'opensnoop({ comm: "cat" }).subscribe(() => { throw new Error("once") })');
  await prompt.waitFor(/Uncaught Error: once\n +in opensnoop, at line 1: .*\n/);
  await sleep(1000);
  expect(prompt.history().match(/Uncaught/g)).toHaveLength(1);
  expect(await enter(prompt, ".streams")).toContain("Nothing is attached");
});

test("in a pipe an error that nothing catches ends it, in one line and its place", async () => {
  const never = "await new Promise(() => setInterval(() => {}, 1000))";
  expect(await piped(folder, ['const p = Promise.reject(new Error("early"))', never, "1"])).toMatchObject({
    status: 1,
    stdout: "",
    stderr: 'Uncaught Error: early\n    at line 1: const p = Promise.reject(new Error("early"))\n',
  });
  expect(await piped(folder, ["timer(1).subscribe(() => { throw new RangeError('late') })", never])).toMatchObject({
    status: 1,
    stderr: "Uncaught RangeError: late\n    at line 1: timer(1).subscribe(() => { throw new RangeError('late') })\n",
  });
});

test("a failed input ends a pipe without a stack trace, although a promise of an earlier one is not awaited", async () => {
  const inputs = ['const opened = lastValueFrom(opensnoop({ comm: "nobody" }))', "nothing.here"];
  const { status, stderr } = await piped(folder, inputs);
  expect(status).toBe(1);
  expect(stderr.trimEnd().split("\n")).toEqual([
    "nothing.here",
    "~~~~~~~",
    "Cannot find name 'nothing'. (TS2304)",
    "Uncaught EmptyError: no elements in sequence",
  ]);
});

test("a signal ends a pipe that waits for its next line", async () => {
  const [command, ...args] = commandLine();
  const child = start(command, args);
  child.write("1");
  child.write("2");
  expect(await child.line()).toBe("1");
  child.kill("SIGTERM");
  await child.ended();
});
