import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, onTestFinished, test } from "vitest";

import { startTerminal, type Terminal } from "../../../testing/terminal.js";

// The guide is followed here, line by line, as it stands there: what it shows must come, but for numbers.
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const guide = readFileSync(`${repository}/docs/guide.md`, "utf8");

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
}

const blocks = [...guide.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language = "", text = ""]): Block => ({
  language,
  lines: text.trimEnd().split("\n"),
}));

/** A line with what differs from run to run made the same: numbers, and how much room they take. */
const same = (line: string): string => line.trim().replaceAll(/\d+/g, "0").replaceAll(/ +/g, " ");

/** Waits until lines have come since a point, in their order, with whatever else between them. */
async function waitForLines(terminal: Terminal, from: number, wanted: readonly string[]): Promise<void> {
  const came = (): boolean => {
    const lines = terminal.history().slice(from).split("\n").map(same);
    let at = -1;
    return wanted.every((line) => (at = lines.indexOf(same(line), at + 1)) >= 0);
  };
  await terminal.waitFor(came, 15);
}

const READY = /\n(rxbpf>|\.\.\.|\|)$/;

/** Types the inputs of a block and checks what the guide says that they give. */
async function follow(prompt: Terminal, lines: readonly string[], pid: string): Promise<void> {
  for (let i = 0; i < lines.length;) {
    const input = lines[i++]!.replace(/^(rxbpf>|\.\.\.) ?/, "").replace("4711", pid);
    const output: string[] = [];
    while (i < lines.length && !/^rxbpf>|^\.\.\. /.test(lines[i]!)) output.push(lines[i++]!);
    const from = prompt.history().length;
    prompt.type(`${input}\r`);
    await waitForLines(
      prompt,
      from,
      output.filter((line) => line !== "^C" && line !== "..."),
    );
    if (output.includes("^C")) prompt.key("Ctrl-C");
    await prompt.waitFor(() => READY.test(prompt.history().slice(from)), 15);
  }
}

test("every line of the guide does what the guide says", { timeout: 120_000 }, async () => {
  const shells = blocks.filter(({ language }) => language === "sh");
  const consoles = blocks.filter(({ language }) => language === "console");
  expect(shells.length + consoles.length).toBe(blocks.length);
  const [start, container, after, cleaning, ...others] = shells.map(({ lines }) => lines);
  expect(others).toEqual([]);

  const shell = startTerminal(["bash", "--norc"], { columns: 120, rows: 40, cwd: repository, env: { PS1: "sh> " } });
  await shell.waitFor(/sh>$/);
  const run = async (lines: readonly string[]): Promise<string> => {
    const from = shell.history().length;
    shell.type(`${lines.join("\r")}\recho do""ne\r`);
    await shell.waitFor(() => /\ndone\n/.test(shell.history().slice(from)), 60);
    return shell.history().slice(from);
  };
  onTestFinished(() => rmSync("/sys/fs/bpf/guide", { force: true }));
  const pid = /^\d+$/m.exec(await run(container!))![0];
  let cleaned: string;
  try {
    const prompt = startTerminal(["bash", "-c", start!.join("\n")], {
      columns: 120,
      rows: 40,
      cwd: repository,
      env: { RXBPF_HISTORY: "" },
    });
    await prompt.waitFor(/rxbpf>$/, 60);
    for (const { lines } of consoles) await follow(prompt, lines, pid);
    prompt.key("Ctrl-D");
    expect(await prompt.ended()).toBe(0);

    const told = await run(after!);
    expect(told).toMatch(/^probe +opensnoop$/m);
    expect(told).toMatch(/^\d+ +cat +-1 +2 \/etc\/guide\.conf$/m);
  } finally {
    cleaned = await run(cleaning!);
  }
  expect(cleaned).not.toMatch(/(kill|rmdir|rm): /);
});
