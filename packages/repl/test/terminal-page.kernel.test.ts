import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { start } from "../../../testing/programs.js";
import { startTerminal } from "../../../testing/terminal.js";

// The page on the terminal is followed here: each of its commands is typed, and shows what the page says.
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(`${repository}/docs/terminal.md`, "utf8");
const blocks = (language: string): string[] =>
  [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, of, text = ""]) =>
    of === language ? [text.trim()] : [],
  );
beforeAll(build, 60_000);

test("every command of the page on the terminal shows what the page says", { timeout: 120_000 }, async () => {
  // What the machine does meanwhile.
  start("sh", ["-c", "while :; do cat /etc/hostname /etc/passwd > /dev/null; sleep 0.02; done"]);
  const terminal = startTerminal(["bash", "--norc", "--noprofile"], {
    cwd: repository,
    env: { PS1: "sh> ", RXBPF_HISTORY: "" },
  });
  await terminal.waitFor(/sh>$/);
  const [table = "", heatMap = "", flame = "", ...others] = blocks("sh");
  expect(others).toEqual([]);

  terminal.type(`${table}\r`);
  await terminal.waitFor(/^TID +COMM .*\n\d+ +\S.*R \S.*$[^]*^← .*q quit$/m, 60);
  // Each key of the page's table changes the order, the number of rows, or whether it is paused.
  const keys = [...page.matchAll(/^\| (.*?) \| /gm)]
    .map(([, names = ""]) => names)
    .filter((names) => /`|space/.test(names));
  expect(keys).toEqual(["`→` `←`", "`1` to `9`", "`r`", "`+` `-`", "space", "`q`"]);
  terminal.key("Right");
  await terminal.waitFor("by TID, highest first");
  terminal.key("Left");
  await terminal.waitFor((screen) => !/ by TID/.test(screen));
  terminal.type("8");
  await terminal.waitFor("by FILE, lowest first");
  terminal.type("r");
  await terminal.waitFor("by FILE, highest first");
  terminal.type("0------");
  await terminal.waitFor(/ {2}1 of [\d,]+ rows$/m);
  terminal.type("+");
  await terminal.waitFor(/ {2}[2-6] of [\d,]+ rows$/m);
  terminal.type(" ");
  await terminal.waitFor(/paused$/m);
  terminal.type("q");
  await terminal.waitFor(/R [^\n]*\nsh>$/);

  terminal.type(`clear; ${heatMap}\r`);
  await terminal.waitFor(/us │ *[·░▒▓█][^]*a column is (?:5\d0ms|[\d.]+s)[^]*q quit$/m, 60);
  terminal.type("q");
  await terminal.waitFor(/a column is [^\n]*\nsh>$/);
  terminal.type(`clear; ${flame}\r`);
  await terminal.waitFor(/^ *[\d.]+% +█+ +\S.*\n[^]*sh>$/m, 60);

  terminal.type("clear; npx rxbpf\r");
  await terminal.waitFor(/rxbpf>$/, 60);
  const shown = [
    [/^KEY +COUNT\n[^]*← → 1-9 sort.*q quit$/m, "q"],
    [/ {6}\d+ │[·░▒▓█ ]+\n[^]*q quit$/m, "q"],
    [/^[▁-█]{2,} up to [\d,]+\n.*Ctrl-C ends$/m, "\x03"],
  ] as const;
  const typed = blocks("console");
  expect(typed).toHaveLength(shown.length);
  for (const [i, [expected, end]] of shown.entries()) {
    terminal.type(`${typed[i]!.replace("rxbpf> ", "")}\r`);
    await terminal.waitFor(expected);
    terminal.type(end);
    await terminal.waitFor(/rxbpf>$/);
  }
});

test("the flame graph on the page is one that could be", () => {
  const [graph = ""] = blocks("text");
  expect(graph.split("\n").every((line) => /^[ \d]{3}\.\d% [ █]{30} \s*\S/.test(line))).toBe(true);
});
