import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, temporaryFolder } from "../../../testing/programs.js";
import { startTerminal, type Terminal } from "../../../testing/terminal.js";
import { commandLine, rxbpf } from "./cli.js";

const folder = temporaryFolder();
const printing = join(folder, "printing.ts");
const sinking = join(folder, "sinking.ts");
const hosting = join(folder, "hosting.mjs");
const recording = join(folder, "recording.arrow");

/** What the events that are shown are of. */
const missing = `/tmp/${uniqueName()}`;

beforeAll(async () => {
  writeFileSync(
    printing,
    `import { opensnoop } from "@rxbpf/probes";
    import { interval } from "rxjs";
    opensnoop().subscribe();
    interval(50).subscribe((n) => console.log("line", n));`,
  );
  writeFileSync(
    sinking,
    `import { opensnoop } from "@rxbpf/probes";
    import { toStdout } from "@rxbpf/sinks";
    opensnoop({ comm: "cat" }).pipe(toStdout()).subscribe();`,
  );
  writeFileSync(
    hosting,
    `import { start } from "node:repl";
    import { installPrinters } from "${new URL("../dist/prompt/printers.js", import.meta.url).href}";
    import { installScope } from "${new URL("../dist/session/scope.js", import.meta.url).href}";
    installScope();
    installPrinters(start({ prompt: "rxbpf>", useGlobal: true }));`,
  );
  const cats = spawn("sh", ["-c", `while :; do cat ${missing}; sleep 0.2; done`], { stdio: "ignore" });
  await rxbpf("record", "opensnoop", "--name", "cat", "--duration", "2", "-o", recording);
  return () => void cats.kill();
});

interface Case {
  /** The command, or lines for the prompt. */
  readonly args?: readonly string[];
  readonly typed?: string;
  /** What is on the screen before the terminal is closed. */
  readonly screen: RegExp;
  readonly attaches?: boolean;
  /** The status that it ends with; 0 if not given. */
  readonly status?: RegExp;
  /** What runs, if not `rxbpf`. */
  readonly program?: string;
}

const cases: readonly (readonly [string, Case])[] = [
  ["a prompt at rest", { typed: "40 + 2", screen: /42/ }],
  ["a prompt that shows a probe", { typed: "opensnoop()", screen: /[1-9]\d* events/, attaches: true }],
  ["a prompt that shows something else", { typed: "interval(50)", screen: /^7$/m }],
  ["a script that prints", { args: ["run", printing], screen: /line \d/, attaches: true }],
  ["a script with a sink", { args: ["run", sinking], screen: new RegExp(missing), attaches: true }],
  ["another prompt of Node's", { program: hosting, typed: "opensnoop()", screen: /[1-9]\d* events/, attaches: true }],
  // Cut short, by whichever is heard first: SIGHUP, or that nobody reads on.
  ["a replay", { args: ["replay", recording, "--speed", "0.5"], screen: new RegExp(missing), status: /^(?:0|129)\n$/ }],
  ["a table that is redrawn", { args: ["syscount", "-i", "0.2"], screen: /[1-9]\d* tables/, attaches: true }],
  ["a probe", { args: ["opensnoop", "--name", "cat"], screen: new RegExp(missing), attaches: true }],
];

/** The process that a shell in a terminal has become or started. */
function childOf({ pid }: Terminal): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

/** Starts `rxbpf` under a shell that notes its status and does not mind SIGHUP. */
async function startUnder(through: string, { args = [], typed, screen, program }: Case) {
  const status = join(folder, uniqueName());
  const script = `trap "" HUP; ${through} "$@"; echo $? > ${status}`;
  const command = program === undefined ? commandLine(...args) : [process.execPath, program];
  const terminal = startTerminal(["sh", "-c", script, "sh", ...command], {
    columns: 100,
    env: { RXBPF_HISTORY: "" },
    cwd: folder,
  });
  if (typed !== undefined) {
    await terminal.waitFor(/rxbpf>$/, 30);
    terminal.type(`${typed}\r`);
  }
  await terminal.waitFor(screen, 30);
  return { terminal, status, pid: childOf(terminal) };
}

/** Waits for the end of a process, in good order: its status, nothing left in the kernel. */
async function endsWell(status: string, objects: readonly string[], expected = /^0\n$/): Promise<void> {
  const told = (): string => (existsSync(status) ? readFileSync(status, "utf8") : "");
  await expect.poll(told, { timeout: 15_000 }).toMatch(expected);
  await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
}

describe.each([
  // The kernel tells the shell alone.
  ["nothing but errors of reading and writing", "setsid"],
  ["SIGHUP too", ""],
])("when its terminal is closed, which it learns by %s,", (_, through) => {
  test.each(cases)("%s ends", { timeout: 60_000 }, async (_, what) => {
    const { terminal, status, pid } = await startUnder(through, what);
    const { objects } = holdings(pid);
    expect(objects.length > 0).toBe(what.attaches === true);
    terminal.hangUp();
    // As a shell does for its jobs when it hears of it; and the kernel again, when the shell ends.
    if (through === "") for (let i = 0; i < 2; i++) process.kill(pid, "SIGHUP");
    await endsWell(status, objects, what.status);
  });

  test("a recording is finished", { timeout: 60_000 }, async () => {
    const path = join(folder, `${uniqueName()}.arrow`);
    const what = { args: ["record", "opensnoop", "-o", path], screen: /opensnoop: [1-9].* events/ };
    const { terminal, status, pid } = await startUnder(through, what);
    const { objects } = holdings(pid);
    terminal.hangUp();
    if (through === "") process.kill(pid, "SIGHUP");
    await endsWell(status, objects);
    expect((await rxbpf("info", path)).stdout).toMatch(/^state +whole$/m);
  });
});

test("a loop at the prompt that does not pause ends with its terminal", { timeout: 60_000 }, async () => {
  const prompt = startTerminal(commandLine(), { env: { RXBPF_HISTORY: "" } });
  await prompt.waitFor(/rxbpf>$/, 30);
  const marker = join(folder, uniqueName());
  prompt.type(`fs.writeFileSync("${marker}", ""); for (;;) {}\r`);
  await expect.poll(() => existsSync(marker), { timeout: 30_000 }).toBe(true);
  prompt.hangUp();
  expect(await prompt.ended()).toBe(128 + 1);
});

test("an input that was not begun when the terminal was closed is not run", { timeout: 60_000 }, async () => {
  const prompt = startTerminal(commandLine(), { env: { RXBPF_HISTORY: "" } });
  await prompt.waitFor(/rxbpf>$/, 30);
  const marker = join(folder, uniqueName());
  prompt.type(`await new Promise(() => {})\rfs.writeFileSync("${marker}", "")\r`);
  await prompt.waitFor("new Promise(() => {})");
  prompt.hangUp();
  expect(await prompt.ended()).toBe(0);
  expect(existsSync(marker)).toBe(false);
});

test("nohup keeps the output; a closed terminal ends the run in good order", { timeout: 60_000 }, async () => {
  const { terminal, status, pid } = await startUnder("nohup", {
    args: ["opensnoop", "--name", "cat"],
    screen: /nohup/,
  });
  await expect.poll(() => holdings(pid).objects.filter((object) => object.startsWith("link"))).not.toEqual([]);
  const { objects } = holdings(pid);
  await run("cat", [missing]);
  terminal.hangUp();
  process.kill(pid, "SIGHUP");
  await endsWell(status, objects);
  expect(readFileSync(join(folder, "nohup.out"), "utf8")).toContain(missing);
});
