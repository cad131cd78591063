import { expect, test } from "vitest";

import { startTerminal } from "../../testing/terminal.js";

test("a terminal shows a program's output, and gives it keys and a size", { timeout: 30_000 }, async () => {
  const terminal = startTerminal(["bash", "--norc", "-i"], { columns: 40, rows: 8, env: { PS1: "> " } });
  await terminal.waitFor((screen) => screen === ">");
  terminal.type("stty size; printf '\\033[31mred\\033[m wide: 漢字\\n'\r");
  await terminal.waitFor(/^8 40\nred wide: 漢字\n>$/m);
  // One process, as the shell may swallow keys between two.
  terminal.type("sh -c 'echo ready; exec sleep 1000'\r");
  await terminal.waitFor(/^ready$/m);
  terminal.key("Ctrl-C");
  await terminal.waitFor(/\^C\n>$/);
  terminal.resize(30, 10);
  terminal.key("Up", "Up", "Enter");
  await terminal.waitFor("10 30");
  terminal.type("seq 100\r");
  await terminal.waitFor(/^100\n>$/m);
  expect(terminal.screen()).not.toContain("8 40");
  expect(terminal.history()).toContain("8 40");
  terminal.key("Ctrl-D");
  expect(await terminal.ended()).toBe(0);
});

test("waiting for text that never appears fails, and the error has what the screen showed", async () => {
  const terminal = startTerminal(["sh", "-c", "echo something else; exit 3"]);
  await expect(terminal.waitFor("this")).rejects.toThrow("sh ended with 3 before the screen had this:\nsomething else");
});
