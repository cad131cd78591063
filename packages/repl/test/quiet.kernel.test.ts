import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, temporaryFolder } from "../../../testing/programs.js";
import { startTerminal } from "../../../testing/terminal.js";
import { commandLine } from "./cli.js";

// What runs as root starts no programs but its own, and asks nobody anything.

const folder = temporaryFolder();
const script = join(folder, "script.ts");
writeFileSync(
  script,
  `import { opensnoop } from "@rxbpf/probes";
  import { take } from "rxjs";
  opensnoop({ includeSelf: true }).pipe(take(1)).subscribe(({ comm }) => console.log("an open by", comm.length));`,
);

/** strace as a witness of what a command starts and whom it talks to, and where it tells that. */
function witnessed(): { log: string; strace: string[] } {
  const log = join(folder, uniqueName());
  const calls = "execve,execveat,connect,sendto,sendmsg,sendmmsg,bind";
  return { log, strace: ["strace", "-f", "-qq", "-s", "200", "-e", `trace=${calls}`, "-e", "signal=none", "-o", log] };
}

/** The programs that were started, and the calls that had to do with a network. */
function seen(log: string): { programs: string[]; talk: string[] } {
  const lines = readFileSync(log, "utf8").split("\n");
  const programs = lines.flatMap((line) => {
    const [, path] = /^\d+ +execve\("([^"]*)".* = 0$/.exec(line) ?? [];
    return path === undefined ? [] : [basename(path)];
  });
  return { programs, talk: lines.filter((line) => /AF_INET|AF_NETLINK|AF_UNIX, sun_path/.test(line)) };
}

test("the prompt starts TypeScript and nothing else, and opens no connection", { timeout: 60_000 }, async () => {
  const { log, strace } = witnessed();
  const [command, ...args] = [...strace, ...commandLine()];
  const prompt = startTerminal([command!, ...args], { env: { RXBPF_HISTORY: "" } });
  await prompt.waitFor(/rxbpf>$/, 30);
  prompt.type("const text: string = [4, 2].join('')\r");
  prompt.type("Number(text).toFixed(1)\r");
  await prompt.waitFor("42.0", 30);
  prompt.key("Ctrl-D");
  await prompt.ended();
  expect(seen(log)).toEqual({ programs: ["node", "tsc"], talk: [] });
});

test.each([
  ["a probe", ["opensnoop", "--duration", "1"], []],
  ["a recording", ["record", "opensnoop", "--duration", "1", "-o", join(folder, "opens.arrow")], []],
  ["a script", ["run", script], []],
  ["a script that is checked", ["run", "--check", script], ["tsc"]],
] as const)("%s starts nothing else either", { timeout: 60_000 }, async (_, args, programs) => {
  const { log, strace } = witnessed();
  const [command, ...rest] = [...strace, ...commandLine(...args)];
  expect(await run(command!, rest)).toMatchObject({ status: 0 });
  expect(seen(log)).toEqual({ programs: ["node", ...programs], talk: [] });
});
