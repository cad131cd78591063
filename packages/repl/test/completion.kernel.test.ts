import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, describe, expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, temporaryFolder } from "../../../testing/programs.js";
import { startTerminal, type Terminal } from "../../../testing/terminal.js";
import { rxbpf } from "./cli.js";

const folder = temporaryFolder();
const recording = join(folder, "opens.arrow");

beforeAll(async () => {
  symlinkSync(fileURLToPath(new URL("../bin/rxbpf.cjs", import.meta.url)), join(folder, "rxbpf"));
  mkdirSync(join(folder, "some-folder"));
  writeFileSync(join(folder, "some-file.ts"), "");
  await rxbpf("record", "opensnoop", "-o", recording, "--", "true");
});

const env = { PATH: `${folder}:${process.env["PATH"]}`, HOME: folder, PS1: "$ ", TERM: "dumb" };

/** What words can stand in the place of the last, as the script of each shell asks. */
async function words(...typed: readonly string[]): Promise<string[]> {
  const { stdout } = await rxbpf("complete", "--", ...typed);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0]!]));
}

describe("can be completed", () => {
  test.each([
    ["commands", ["re"], ["record", "replay", "recover", "report"]],
    ["commands below others", ["map", "un"], ["unpin"]],
    ["what help is asked about", ["help", "opens"], ["opensnoop"]],
    ["flags of a probe", ["opensnoop", "-T", "--f"], ["--failed", "--flag_filter", "--full-path"]],
    ["flags of tables", ["runqlat", "--mi"], ["--milliseconds"]],
    ["values of a flag", ["opensnoop", "-f", "O_CRE"], ["O_CREAT"]],
    ["values behind =", ["opensnoop", "--flag_filter=O_CRE"], ["--flag_filter=O_CREAT"]],
    ["values behind = as bash parts them", ["opensnoop", "--flag_filter", "=", "O_CRE"], ["O_CREAT"]],
    ["users", ["opensnoop", "--uid", "nobod"], ["nobody"]],
    ["values of an argument", ["cgroupid", "n"], ["number"]],
    ["values of a flag below a command", ["map", "create", "/x", "--type", ""], ["cgroup", "mntns"]],
    ["files of a flag", ["opensnoop", "--cgroupmap", "/sys"], [":files"]],
    ["files of an argument", ["info", ""], [":files"]],
    ["probes to record", ["record", "execsnoop", "ex"], ["exitsnoop"]],
    ["flags of probes to record", ["record", "opensnoop", "--ful"], ["--full-path"]],
    ["flags of record itself", ["record", "opensnoop", "--rotate-"], ["--rotate-bytes", "--rotate-seconds"]],
    ["flags of the probe of a recording", ["replay", recording, "--fla"], ["--flag_filter"]],
    ["its values, also to export", ["export", recording, "--json", "-f", "O_CRE"], ["O_CREAT"]],
    ["commands to trace", ["opensnoop", "-x", "--", "l"], [":commands", ":files"]],
    ["files of those", ["record", "opensnoop", "--", "ls", "-"], [":files"]],
    ["nothing where there is nothing", ["opensnoop", "--pid", "1"], []],
    ["nothing of what is no command", ["nosuch", ""], []],
  ])("%s", async (_, typed, expected) => {
    expect((await words(...typed)).sort()).toEqual([...expected].sort());
  });

  test("every flag that help tells of", async () => {
    for (const command of ["opensnoop", "tcpconnect", "profile", "record"]) {
      const { stdout } = await rxbpf(command, "--help");
      const flags = stdout.match(/^ {2}(?:-\w, )?--[\w-]+/gm)!.map((text) => text.trim().split(", ").at(-1)!);
      expect((await words(command, "--")).sort()).toEqual(flags.sort());
    }
  });
});

/** Types a line into a shell that has loaded its script, presses Tab, and waits for what is seen then. */
async function typed(shell: Terminal, line: string, seen: RegExp): Promise<void> {
  shell.key("Ctrl-U");
  await shell.waitFor(/\$ ?$/);
  shell.type(line);
  shell.key("Tab");
  await shell.waitFor(seen);
}

test("bash completes on Tab", async () => {
  const shell = startTerminal(["bash", "--norc", "--noprofile", "-i"], { env, cwd: folder });
  // What is typed before the shell reads stands twice on the screen.
  await shell.waitFor(/\$ ?$/);
  shell.type("source <(rxbpf completion bash); bind 'set bell-style none'; bind 'set show-all-if-ambiguous on'\r");
  await shell.waitFor(/ambiguous on'\n\$ ?$/);
  await typed(shell, "rxbpf opens", /rxbpf opensnoop ?$/);
  await typed(shell, "rxbpf opensnoop --exte", /--extended_fields ?$/);
  await typed(shell, "rxbpf opensnoop -f O_CRE", /-f O_CREAT ?$/);
  await typed(shell, "rxbpf opensnoop --flag_filter=O_CRE", /--flag_filter=O_CREAT ?$/);
  await typed(shell, "rxbpf run some-fi", /rxbpf run some-file\.ts ?$/);
  await typed(shell, "rxbpf info some-fo", /rxbpf info some-folder\/$/);
  await typed(shell, "rxbpf opensnoop -- basena", /-- basename ?$/);
  await typed(shell, "rxbpf re", /record +recover +replay +report/);
});

test("zsh completes on Tab, and tells what words mean", async () => {
  const shell = startTerminal(["zsh", "-f", "-i"], { env, cwd: folder, columns: 120 });
  await shell.waitFor(/[$#%] ?$/);
  shell.type("PS1='$ '; autoload -Uz compinit; compinit -u; source <(rxbpf completion zsh)\r");
  await shell.waitFor(/\n\$ ?$/);
  await typed(shell, "rxbpf opens", /rxbpf opensnoop ?$/);
  await typed(shell, "rxbpf opensnoop --exte", /--extended_fields ?$/);
  await typed(shell, "rxbpf opensnoop -f O_CRE", /-f O_CREAT ?$/);
  await typed(shell, "rxbpf run some-fi", /rxbpf run some-file\.ts ?$/);
  await typed(shell, "rxbpf opensnoop -- basena", /-- basename ?$/);
  await typed(shell, "rxbpf re", /record +-- record events to Arrow files/);
});

test("fish completes, and tells what words mean", async () => {
  const ask = async (line: string): Promise<string> => {
    const script = `cd ${folder}; set PATH ${folder} $PATH; rxbpf completion fish | source; complete -C '${line}'`;
    const { stdout } = await run("env", [`HOME=${join(folder, uniqueName())}`, "fish", "--no-config", "-c", script]);
    return stdout;
  };
  expect(await ask("rxbpf opens")).toBe("opensnoop\tfiles that processes open\n");
  expect(await ask("rxbpf opensnoop --exte")).toBe("--extended_fields\tshow flags and mode\n");
  expect(await ask("rxbpf opensnoop -f O_CRE")).toMatch(/^O_CREAT\b/);
  expect(await ask("rxbpf run some-fi")).toMatch(/^some-file\.ts\b/);
  expect(await ask("rxbpf opensnoop -- basena")).toMatch(/^basename\b/);
});

test("a shell that there is no script for is refused", async () => {
  expect(await rxbpf("completion", "csh")).toMatchObject({
    status: 2,
    stdout: "",
    stderr: expect.stringMatching(/^rxbpf: <shell> takes one of bash zsh fish, not "csh"; .*\n$/),
  });
});
