import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { filter, firstValueFrom, ReplaySubject } from "rxjs";
import { describe, expect, onTestFinished, test } from "vitest";

import { makeCgroup, pinPath, uniqueName } from "../../../testing/kernel-objects.js";
import { type Shell, startShell } from "../../../testing/shell.js";

/**
 * The walk through BCC's page on special filtering, with the page's own lines: bpftool makes
 * and edits the sets, and rxbpf stands where BCC's tools do.
 */
const RXBPF = fileURLToPath(new URL("../bin/rxbpf.cjs", import.meta.url));

/** The tools, each with a line of shell that makes it show a line with a word in it. */
const TOOLS: readonly { tool: string; act: (word: string) => string }[] = [
  { tool: "opensnoop", act: (word) => `cat /tmp/${word}` },
  { tool: "execsnoop", act: (word) => `/bin/true ${word}` },
];

/** What the page has a shell in a new mount namespace do. */
const ADD_OWN_NAMESPACE = `
if [ $(printf '\\1' | od -dAn) -eq 1 ]; then
 HOST_ENDIAN_CMD=tac
else
  HOST_ENDIAN_CMD=cat
fi
NS_ID_HEX="$(printf '%016x' $(stat -Lc '%i' /proc/self/ns/mnt) | sed 's/.\\{2\\}/&\\n/g' | $HOST_ENDIAN_CMD)"
bpftool map update pinned $FILE key hex $NS_ID_HEX value hex 00 00 00 00 any`;

interface Tool {
  /** The next line on stdout, or the next that has been, with a text in it. */
  shown(text: string): Promise<string>;
  /** The same of stderr. */
  said(text: string): Promise<string>;
  /** All lines on stdout so far. */
  lines: readonly string[];
  /** Ends it as Ctrl-C does and returns its exit status. */
  interrupt(): Promise<number | null>;
}

function startTool(...args: readonly string[]): Tool {
  const child = spawn(process.execPath, [RXBPF, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit") as Promise<[number | null]>;
  const lines: string[] = [];
  const [stdout, stderr] = [new ReplaySubject<string>(), new ReplaySubject<string>()];
  createInterface({ input: child.stdout })
    .on("line", (line) => stdout.next(line))
    .on("close", () => stdout.complete());
  createInterface({ input: child.stderr })
    .on("line", (line) => stderr.next(line))
    .on("close", () => stderr.complete());
  stdout.subscribe((line) => lines.push(line));
  const withText = (output: ReplaySubject<string>) => (text: string) =>
    firstValueFrom(output.pipe(filter((line) => line.includes(text))));
  const interrupt = async (): Promise<number | null> => {
    child.kill("SIGINT");
    return (await exited)[0];
  };
  onTestFinished(async () => void (await interrupt()));
  return { shown: withText(stdout), said: withText(stderr), lines, interrupt };
}

/** Runs a line of the page in a shell and expects no complaint. */
async function type(shell: Shell, line: string): Promise<void> {
  expect(await shell.run(line)).toBe("");
}

/** Lets a shell do something that the tool shows with a word of its own. */
async function actIn(shell: Shell, act: (word: string) => string): Promise<string> {
  const word = uniqueName();
  await shell.run(act(word));
  return word;
}

function wordsIn(lines: readonly string[], words: readonly string[]): string[] {
  return words.filter((word) => lines.some((line) => line.includes(word)));
}

function cgroupidHex(cgroup: string): string {
  return execFileSync(process.execPath, [RXBPF, "cgroupid", "hex", cgroup], {
    encoding: "utf8",
  }).trimEnd();
}

describe.each(TOOLS)("the page on special filtering, with $tool", ({ tool, act }) => {
  test("filter by cgroups", async () => {
    const FILE = pinPath();
    const [traced, member] = [makeCgroup(), makeCgroup()];
    const host = await startShell();
    await type(
      host,
      `bpftool map create ${FILE} type hash key 8 value 8 entries 128 \\\n        name cgroupset flags 0`,
    );
    // systemd-run --pty --unit test bash
    const [inside, other] = [await startShell(), await startShell()];
    inside.enter(traced);
    other.enter(member);

    const { shown, said, lines, interrupt } = startTool(tool, "--cgroupmap", FILE);
    await said(`${FILE} is an empty set of cgroups`);
    const empty = [await actIn(host, act), await actIn(inside, act)];

    const key = cgroupidHex(traced);
    expect(key).toMatch(/^[0-9a-f]{2}( [0-9a-f]{2}){7}$/);
    await type(host, `FILE=${FILE}`);
    await type(host, `CGROUPID_HEX="${key}"`);
    await type(host, "bpftool map update pinned $FILE key hex $CGROUPID_HEX value hex 00 00 00 00 00 00 00 00 any");
    const added = [await actIn(host, act), await actIn(inside, act)] as const;
    await shown(added[1]);

    await type(host, "bpftool map delete pinned $FILE key hex $CGROUPID_HEX");
    const removed = [await actIn(host, act), await actIn(inside, act)];
    await type(
      host,
      `bpftool map update pinned $FILE key hex ${cgroupidHex(member)} value hex 00 00 00 00 00 00 00 00 any`,
    );
    const last = await actIn(other, act);
    await shown(last);

    expect(wordsIn(lines, [...empty, ...added, ...removed, last])).toEqual([added[1], last]);
    expect(await interrupt()).toBe(0);
  });

  test("filter by mount namespaces", async () => {
    const FILE = pinPath();
    const host = await startShell();
    await type(
      host,
      `bpftool map create ${FILE} type hash key 8 value 4 entries 128 \\\n        name mount_ns_set flags 0`,
    );

    const { shown, said, lines, interrupt } = startTool(tool, "--mntnsmap", FILE);
    await said(`${FILE} is an empty set of mount namespaces`);
    const [inside, other] = [await startShell(["unshare", "-m", "bash"]), await startShell(["unshare", "-m", "bash"])];
    const empty = [await actIn(host, act), await actIn(inside, act)];

    await type(inside, `FILE=${FILE}`);
    await type(inside, ADD_OWN_NAMESPACE);
    const added = [await actIn(host, act), await actIn(inside, act)] as const;
    await shown(added[1]);

    await type(inside, "bpftool map delete pinned $FILE key hex $NS_ID_HEX");
    const removed = [await actIn(host, act), await actIn(inside, act)];
    await type(other, `FILE=${FILE}`);
    await type(other, ADD_OWN_NAMESPACE);
    const last = await actIn(other, act);
    await shown(last);

    expect(wordsIn(lines, [...empty, ...added, ...removed, last])).toEqual([added[1], last]);
    expect(await interrupt()).toBe(0);
  });
});
