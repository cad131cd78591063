import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { narrow } from "@rxbpf/compile";
import { opensnoop } from "@rxbpf/probes";
import { expect, onTestFinished, test } from "vitest";

import build from "../../../testing/build.js";
import { run } from "../../../testing/programs.js";

// The page on conditions is followed here, block by block and row by row, as it stands there.
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(path.join(repository, "docs/conditions.md"), "utf8");
const fenced = [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)];
const blocks = (wanted: string): string[] =>
  fenced.flatMap(([, language, text = ""]) => (language === wanted ? [text] : []));
const [commands = "", left = "", counts = ""] = blocks("sh");
const [script = ""] = blocks("ts");

const object = readFileSync(path.join(repository, "packages/probes/bpf/opensnoop.bpf.o"));
const { schema } = opensnoop().info;

/** The cells of the table under a heading, without its head. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((one) => one.startsWith(heading))!;
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(1).map((line) =>
    line
      .replaceAll("\\|", "\0")
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("\0", "|")),
  );
}

const codeIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

/** What the kernel does not decide of an expression. */
function leftOf(expression: string): readonly string[] {
  // oxlint-disable-next-line no-implied-eval -- the page's own code
  const predicate = new Function("e", `return (${expression});`) as (e: never) => unknown;
  return narrow({ name: "opensnoop", schema, object }, [{ predicate }]).notices;
}

const decided = rowsUnder("What the kernel decides").flatMap(([, cell = ""]) => codeIn(cell));
test.each(decided)("the kernel decides all of %s", (expression) => {
  expect(leftOf(expression)).toEqual([]);
});

const undecided = rowsUnder("What is left to JavaScript").map(([cell = "", why = ""]) => [codeIn(cell)[0]!, why]);
test.each(undecided)("JavaScript decides %s", (expression, why) => {
  expect(leftOf(expression!)).toHaveLength(1);
  expect(leftOf(expression!)[0]).toContain(`: ${why}`);
});

test("the tables have rows", () => {
  expect([decided.length, undecided.length]).toEqual([20, 6]);
});

test("the commands and the script run, and say what the page shows", { timeout: 60_000 }, async () => {
  build();
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-conditions-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(path.join(folder, "script.ts"), script);
  const follow = (line: string) => run("bash", ["-c", `cd ${folder}; exec ${line}`]);
  const lines = [commands, left, counts].flatMap((block) => block.trim().split("\n"));
  const [replaying, live] = [true, false].map((wanted) => lines.filter((line) => line.includes(" replay ") === wanted));
  const [ran, ...outcomes] = await Promise.all([
    follow("timeout -s INT 6 npx rxbpf run --check script.ts"),
    ...live!.map((line) => follow(`${line} --duration 0.5`)),
  ]);
  const replayed = await follow(replaying![0]!);
  const said = [...outcomes, replayed, ran].map(({ stderr }) =>
    stderr.replace(/^.*execs\.arrow.*\n/gm, "").replace(/^rxbpf: no event.*\n/gm, ""),
  );
  const [shown = ""] = blocks("");
  expect(said.filter((text) => text !== "")).toEqual([shown]);
  expect(replayed.status).toBe(0);
});
