import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { temporaryFolder } from "../../../testing/programs.js";
import type { Terminal } from "../../../testing/terminal.js";
import { enter, startPrompt, tab } from "./prompt.js";

const folder = temporaryFolder();

/** Presses Tab once more, which lists what the first press could not choose from. */
async function tabAgain(prompt: Terminal): Promise<void> {
  await sleep(300);
  prompt.key("Tab");
}

test("Tab completes the prompt's commands, and files after .load", async () => {
  mkdirSync(join(folder, "inputs"));
  writeFileSync(join(folder, "inputs", "first.ts"), "const loaded: number = 6 *\n  7;\nloaded\n");
  const prompt = await startPrompt({ cwd: folder });
  await enter(prompt, "1");
  await tab(prompt, ".stre");
  await prompt.waitFor(/rxbpf> \.streams$/);
  prompt.key("Ctrl-C");
  await tab(prompt, ".load inp");
  await prompt.waitFor(/rxbpf> \.load inputs\/$/);
  prompt.key("Tab");
  await prompt.waitFor(/rxbpf> \.load inputs\/first\.ts$/);
  prompt.key("Enter");
  await prompt.waitFor(/\n42\nrxbpf>$/);
  expect(await enter(prompt, "loaded")).toContain("42");
  expect(await enter(prompt, ".load inputs/other.ts")).toContain(
    "Cannot load inputs/other.ts: no such file or directory",
  );
  await tab(prompt, ".doc cgroupIdB");
  await prompt.waitFor(/rxbpf> \.doc cgroupIdBytes$/);
});

test("Tab completes the values that an option takes, and lists them", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "1");
  await tab(prompt, 'opensnoop({ flagFilter: ["O_C');
  await tabAgain(prompt);
  await prompt.waitFor(/O_CLOEXEC +O_CREAT/);
  prompt.type("RE");
  await prompt.waitFor(/"O_CRE$/);
  prompt.key("Tab");
  await prompt.waitFor(/"O_CREAT$/);
});

test("Tab on an empty line lists what one begins with", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "const mine = 1");
  prompt.key("Tab");
  await tabAgain(prompt);
  await prompt.waitFor(/execsnoop[^]*mine[^]*opensnoop[^]*replay[^]*rxbpf>$/);
});

test("what Tab lists is explained, where it is documented: options, and the fields of events", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "1");
  await tab(prompt, "opensnoop({ f");
  await tabAgain(prompt);
  await prompt.waitFor(
    /\nfailed +only opens that failed\nflagFilter +only opens with FLAG, .*\nfullPath +.*\nrxbpf> opensnoop\(\{ f$/,
  );
  prompt.key("Ctrl-C");
  await tab(prompt, "opensnoop().pipe(map((e) => e.c");
  await tabAgain(prompt);
  await prompt.waitFor(
    /\ncgroupId +id of the process's cgroup .*\ncgroupPath +with show: the cgroup.*\ncomm +name of the thread, at most 15 bytes\n/,
  );
});

test(".doc tells what a type is made of", async () => {
  const prompt = await startPrompt();
  expect(await enter(prompt, ".doc CountOptions")).toMatch(
    /interface CountOptions\n[^]*limit\?: number \| undefined {2}\/\/ How many keys are told apart/,
  );
  expect(await enter(prompt, ".doc OpenEvent")).toMatch(/interface OpenEvent\n[^]*path: string {2}\/\/ the path as/);
  expect(await enter(prompt, ".doc Key")).toContain("type Key = string | number | bigint | boolean");
  const unknown = uniqueName().replaceAll("-", "_");
  expect(await enter(prompt, `.doc ${unknown}`)).toContain(`Nothing is known of ${unknown}`);
  expect(await enter(prompt, `.type ${unknown}`)).toContain(`${unknown} has no type`);
});

test("errors name the options' type, and a value that there is not is one before it runs", async () => {
  const prompt = await startPrompt();
  const complaint = async (input: string) => (await enter(prompt, input)).replaceAll("\n", "");
  expect(await complaint("opensnoop({ faild: true })")).toContain("'faild' does not exist in type 'OpensnoopOptions'");
  expect(await complaint('opensnoop({ flagFilter: ["O_CRET"] })')).toContain(`Did you mean '"O_CREAT"'`);
});
