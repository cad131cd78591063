import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { holdings } from "../../../testing/holdings.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, temporaryFolder } from "../../../testing/programs.js";
import { startTerminal, type Terminal } from "../../../testing/terminal.js";

// The page on ts-node is followed here, as it stands there.
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(join(repository, "docs/ts-node.md"), "utf8");
const [start = "", command = "", inputs = "", ...others] = [...page.matchAll(/^```\w+\n([^]*?)^```$/gm)].map(
  ([, text = ""]) => text,
);

const folder = temporaryFolder();
symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
writeFileSync(join(folder, "package.json"), '{"type":"module"}');
writeFileSync(join(folder, "rxbpf.mjs"), start);

const temporary = join(folder, "tmp");
mkdirSync(temporary);
const ownFolders = (): string[] => readdirSync(temporary).filter((one) => one.startsWith("rxbpf-"));

/** A `cat` that no other is mistaken for. */
const cat = join(folder, `cat${process.pid}`);
copyFileSync("/bin/cat", cat);
const name = basename(cat);

/** The first prompt comes when all types have been read, which TypeScript 6 takes seconds for. */
const SECONDS = 25;

async function startTsNode(): Promise<Terminal> {
  const env = { TS_NODE_COMPILER: "typescript-6", TS_NODE_HISTORY: join(folder, uniqueName()), TMPDIR: temporary };
  const terminal = startTerminal(["bash", "-c", `exec ${command}`], { columns: 250, rows: 40, env, cwd: folder });
  await terminal.waitFor(/^>$/m, SECONDS);
  return terminal;
}

/** Types a line, and waits until the prompt is back; what was shown in between. */
async function enter(terminal: Terminal, line: string): Promise<string> {
  const before = terminal.history().length;
  terminal.type(`${line}\r`);
  await terminal.waitFor(() => terminal.history().slice(before).endsWith("\n>"), SECONDS);
  return terminal.history().slice(before);
}

const links = (terminal: Terminal): string[] =>
  holdings(terminal.pid).objects.filter((object) => object.startsWith("link"));

/** Fails to open a file that no other process opens. */
async function miss(): Promise<string> {
  const path = `/tmp/${uniqueName()}`;
  await run("env", ["-i", cat, path]);
  return path;
}

test("the page's prompt shows a stream until Ctrl-C, refuses a wrong field, and has ts-node's own commands", async () => {
  const [declare = "", stream = "", wrong = "", ...more] = inputs.trimEnd().replace('"cat"', `"${name}"`).split("\n");
  expect([others, more]).toEqual([[], []]);
  const prompt = await startTsNode();
  expect(await enter(prompt, declare)).not.toContain("error");
  expect(links(prompt)).toEqual([]);

  prompt.type(`${stream}\r`);
  await prompt.waitFor(/^0 events .* Ctrl-C ends$/m, SECONDS);
  expect(links(prompt)).not.toEqual([]);
  const path = await miss();
  await prompt.waitFor(new RegExp(`^PID +COMM +FD ERR PATH\n\\d+ +${name} +-1 +2 ${path}$`, "m"));
  prompt.key("Ctrl-C");
  await prompt.waitFor(/^>$/m);
  expect(links(prompt)).toEqual([]);

  expect(await enter(prompt, wrong)).toMatch(
    /Property 'pth' does not exist on type 'OpenEvent'\. Did you mean 'path'\?/,
  );
  expect(links(prompt)).toEqual([]);
  expect(await enter(prompt, ".type opens")).toMatch(/const opens: EventStream</);
});

test("options and declarations are checked, and values are printed as they are by rxbpf", async () => {
  const prompt = await startTsNode();
  expect(await enter(prompt, "opensnoop({ faild: true })")).toMatch(/'faild' does not exist/);
  expect(links(prompt)).toEqual([]);
  expect(await enter(prompt, "const n: number = 4.5")).not.toContain("undefined");
  expect(await enter(prompt, "n.toFixd(1)")).toContain("Did you mean 'toFixed'?");
  expect(await enter(prompt, "n.toFixed(2)")).toContain("'4.50'");
  expect(await enter(prompt, "const e: Partial<OpenEvent> = { comm: 'a', ret: 3 }")).not.toContain("error");
  expect(await enter(prompt, "[e, { ...e, ret: 4 }]")).toMatch(/^COMM +RET$\n^a +3$\n^a +4$/m);
  expect(await enter(prompt, "of(20, 1).pipe(map((x) => x * 2))")).toMatch(/^40$\n^2$/m);
  prompt.type("timer(1000)\r");
  await prompt.waitFor(/Ctrl-C ends$/);
  prompt.type("6 * 7\r");
  await prompt.waitFor(/^0$[^]*^42$\n>$/m);
  expect(await enter(prompt, "throwError(() => new TypeError('no such thing'))")).toContain("TypeError: no such thing");
  expect(await enter(prompt, "await lastValueFrom(of(43))")).toMatch(/^43$/m);
  expect(await enter(prompt, 'import { basename } from "node:path"')).not.toContain("error");
  expect(await enter(prompt, "basename(path.join('a', 'b'))")).toContain("'b'");
});

test("when the prompt is left, what is subscribed to ends in good order, and nothing is left behind", async () => {
  const prompt = await startTsNode();
  expect(ownFolders()).toHaveLength(1);
  const file = join(folder, "opens.ndjson");
  await enter(prompt, `opensnoop({ comm: '${name}', failed: true }).pipe(toJson('${file}')).subscribe()`);
  expect(links(prompt)).not.toEqual([]);
  const path = await miss();
  prompt.key("Ctrl-D");
  expect(await prompt.ended()).toBe(0);
  expect(ownFolders()).toEqual([]);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ comm: name, path });
});
