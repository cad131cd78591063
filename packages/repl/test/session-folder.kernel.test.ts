import { chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, temporaryFolder } from "../../../testing/programs.js";
import { startTerminal, type Terminal } from "../../../testing/terminal.js";
import { commandLine } from "./cli.js";

const folder = temporaryFolder();

/** A place for temporary folders that no other prompt uses. */
function temporaryPlace(): string {
  const path = join(folder, uniqueName());
  mkdirSync(path);
  return path;
}

async function startPrompt(place: string): Promise<Terminal> {
  const before = readdirSync(place);
  const prompt = startTerminal(commandLine(), { env: { RXBPF_HISTORY: "", TMPDIR: place } });
  const added = (): string[] => readdirSync(place).filter((name) => !before.includes(name));
  await expect.poll(added, { timeout: 30_000 }).toHaveLength(1);
  return prompt;
}

async function leave(prompt: Terminal): Promise<void> {
  prompt.type("40 + 2\r");
  await prompt.waitFor("42", 30);
  prompt.key("Ctrl-D");
  await prompt.ended();
}

test(
  "the folder of a prompt that was killed is removed by the next; those in use stay",
  { timeout: 90_000 },
  async () => {
    const place = temporaryPlace();
    const living = await startPrompt(place);
    const ofLiving = readdirSync(place);
    const killed = await startPrompt(place);
    const ofKilled = readdirSync(place).filter((name) => !ofLiving.includes(name));
    expect(ofKilled).toHaveLength(1);
    await killed.close();
    // On a busy machine the first may look for folders only now.
    expect([...ofLiving, ...ofKilled]).toEqual(expect.arrayContaining(readdirSync(place)));

    const next = await startPrompt(place);
    await expect.poll(() => readdirSync(place), { timeout: 10_000 }).not.toContain(ofKilled[0]);
    expect(readdirSync(place)).toEqual(expect.arrayContaining(ofLiving));
    await leave(next);
    expect(readdirSync(place)).toEqual(ofLiving);
    await leave(living);
    expect(readdirSync(place)).toEqual([]);
  },
);

test(
  "what another user has put there under such a name stays, and what a link leads to",
  { timeout: 60_000 },
  async () => {
    const place = temporaryPlace();
    const elsewhere = join(folder, uniqueName());
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, "precious"), "");
    symlinkSync(elsewhere, join(place, "rxbpf-session-aaaaaa"));
    const others = join(place, "rxbpf-session-bbbbbb");
    mkdirSync(others);
    chownSync(others, 65534, 65534);
    // One of ours, as `kill -9` leaves it, with a link in it.
    const ours = join(place, "rxbpf-session-cccccc");
    mkdirSync(ours);
    symlinkSync(elsewhere, join(ours, "link"));

    await leave(await startPrompt(place));
    expect(readdirSync(place).sort()).toEqual(["rxbpf-session-aaaaaa", "rxbpf-session-bbbbbb"]);
    expect(existsSync(join(elsewhere, "precious"))).toBe(true);
  },
);

test(
  "five prompts that start at once leave each other's folders alone, and nothing behind",
  { timeout: 120_000 },
  async () => {
    const place = temporaryPlace();
    const start = `echo "const n: number = 6; n * 7" | TMPDIR=${place} "$@" & `;
    const { stdout, stderr } = await run("sh", ["-c", `${start.repeat(5)} wait`, "sh", ...commandLine()]);
    expect(stderr).toBe("");
    expect(stdout).toBe("42\n".repeat(5));
    expect(readdirSync(place)).toEqual([]);
  },
);
