import { execFileSync } from "node:child_process";
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { start, temporaryFolder } from "../../../testing/programs.js";
import { startTerminal, type Terminal, type TerminalOptions } from "../../../testing/terminal.js";
import { commandLine, rxbpf } from "./cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

/** Reads three files again and again: one byte a read, the first file once a round, the second twice, the third three times. */
const name = `r${process.pid}`;
const files = ["first", "second", "漢字三"].map((file) => join(folder, file));
const READ = `$0 = "${name}"; @f = map { open my $f, "<", $_ or die; $f } @ARGV;
  while (1) { for my $i (0 .. $#f) { for (0 .. $i) { sysseek $f[$i], 0, 0; sysread $f[$i], $_, 1 } } select undef, undef, undef, 0.01 }`;

function startReader(): void {
  for (const file of files) writeFileSync(file, "x".repeat(100));
  start("perl", ["-e", READ, ...files]);
}

/** A shell in a terminal, with a word that runs `rxbpf`. */
async function startShell(options: TerminalOptions = {}): Promise<Terminal> {
  const [node, main] = commandLine() as [string, string];
  const shell = startTerminal(["bash", "--norc", "--noprofile"], { ...options, env: { PS1: "sh> ", ...options.env } });
  await shell.waitFor(/sh>$/);
  shell.type(`alias rxbpf="'${node}' '${main}'"; mode=$(stty -g); clear\r`);
  await shell.waitFor(/^sh>$/);
  return shell;
}

/** Types a line, and waits until the shell is back. The status of what ran, and whether the terminal is as it was. */
async function ends(shell: Terminal, status: number): Promise<string> {
  const screen = await shell.waitFor(/\n(?:[^]*\n)?sh>$/);
  shell.type(`echo "status $?"; [ "$mode" = "$(stty -g)" ] && echo sa""me\r`);
  await shell.waitFor(new RegExp(`^status ${status}\nsame\nsh>$`, "m"));
  shell.type("clear\r");
  await shell.waitFor(/^sh>$/);
  return screen;
}

const KEYS = /^← → 1-9 sort {2}r reverse {2}\+ - rows {2}space pause {2}q quit$/m;

/** The files of a table of filetop, in their order. */
const shown = (screen: string): string[] =>
  [...screen.matchAll(new RegExp(`^\\d+ +${name} .* R (.*)$`, "gm"))].map(([, file = ""]) => file);

test("a table is redrawn in place, sorted as keys ask for, and stays in the end", { timeout: 90_000 }, async () => {
  startReader();
  const shell = await startShell();
  shell.type(`rxbpf filetop --comm ${name} 0.3\r`);
  await shell.waitFor((screen) => KEYS.test(screen) && shown(screen).join(" ") === "漢字三 second first");
  expect(shell.screen().match(/loadavg/g)).toHaveLength(1);
  shell.key("Left");
  await shell.waitFor(
    (screen) => shown(screen).join(" ") === "first second 漢字三" && /by FILE, lowest first/.test(screen),
  );
  shell.type("3");
  await shell.waitFor(
    (screen) => shown(screen).join(" ") === "漢字三 second first" && /by READS, highest/.test(screen),
  );
  shell.type("r");
  await shell.waitFor((screen) => shown(screen).join(" ") === "first second 漢字三");
  shell.type(" ");
  const paused = await shell.waitFor(/paused$/m);
  // A narrower terminal draws the same table, cut.
  shell.resize(50, 20);
  await shell.waitFor(
    (screen) =>
      /paused/.test(screen) &&
      screen
        .split("\n")
        .slice(-8)
        .every((line) => line.length < 50),
  );
  shell.resize(80, 24);
  shell.type(" ");
  await shell.waitFor((screen) => !/paused/.test(screen) && KEYS.test(screen));
  const time = (screen: string): string | undefined => /^\d\d:\d\d:\d\d/m.exec(screen)?.[0];
  await shell.waitFor((screen) => time(screen) !== time(paused));
  shell.type("q");
  const last = await ends(shell, 0);
  expect(last).not.toMatch(KEYS);
  expect(last).toMatch(/^TID +COMM +READS/m);

  // The same with signals. Ctrl-Z gives the terminal back until the job is in the foreground again.
  shell.type(`rxbpf syscount --comm ${name} -i 0.3\r`);
  await shell.waitFor((screen) => KEYS.test(screen) && /^lseek +\d+$/m.test(screen));
  shell.key("Ctrl-Z");
  await shell.waitFor(/Stopped[^]*\nsh>$/);
  shell.type(`[ "$mode" = "$(stty -g)" ] && echo sa""me; bg; sleep 1; echo typ""ed\r`);
  // In the background it draws nothing, and does not read what is typed.
  await shell.waitFor(/same\n[^]*&\ntyped\nsh>$/);
  shell.type("fg\r");
  await shell.waitFor((screen) => KEYS.test(screen.slice(screen.lastIndexOf("fg"))));
  // What the shell has written meanwhile stays.
  expect(shell.history()).toMatch(/\ntyped\nsh> fg\n/);
  shell.type("1");
  await shell.waitFor(/by SYSCALL, lowest first/);
  shell.key("Ctrl-C");
  await ends(shell, 0);

  // A run that would have ended by itself.
  shell.type(`rxbpf filetop --comm ${name} 0.3 1000 & echo $! > ${folder}/pid; fg > /dev/null\r`);
  await shell.waitFor(KEYS);
  process.kill(Number(readFileSync(`${folder}/pid`, "utf8")), "SIGTERM");
  await ends(shell, 128 + 15);

  // Elsewhere nothing of all that: BCC's lines.
  shell.type(
    `rxbpf filetop --comm ${name} 0.3 2 | od -c | grep -c '033'; TERM=dumb rxbpf filetop --comm ${name} 0.3 2\r`,
  );
  const plain = await shell.waitFor(/^0\nTracing[^]*\nTID[^]*\nTID[^]*^sh>$/m);
  expect(plain).not.toMatch(KEYS);
});

test(
  "a heat map moves on, fits in 80 columns, and stays in the end; in a pipe it is written",
  { timeout: 60_000 },
  async () => {
    const shell = await startShell();
    shell.type("rxbpf runqlat --heatmap 0.1 12\r");
    await shell.waitFor(/^ +\d[\d.]*[um]s │[·░▒▓█]{2,}$[^]*^space pause {2}q quit$/m);
    const screen = await ends(shell, 0);
    expect(screen).toMatch(/^ +0us │[·░▒▓█ ]{1,12}$/m);
    expect(screen).toMatch(/^ {9}└─{12}$/m);
    expect(screen).toMatch(/^(?:[·░▒▓█] \S+ {2})*█ \S+ or more in a cell; a column is 1\d0ms$/m);

    const recording = join(folder, "heat.arrow");
    expect((await rxbpf("record", "runqlat", "--interval", "0.1", "--duration", "1.05", "-o", recording)).status).toBe(
      0,
    );
    const { stdout } = await rxbpf("replay", recording, "--heatmap");
    const counted = (await rxbpf("replay", recording, "--json")).stdout.trimEnd().split("\n");
    expect(stdout.match(/└(─+)$/m)![1]!.length).toBeLessThanOrEqual(counted.length + 1);
    expect(stdout).toMatch(/^ +0us │/m);
    expect(stdout).not.toContain("\x1b");
  },
);

test("a flame graph shows where the time goes, in 80 columns", { timeout: 60_000 }, async () => {
  const source = join(folder, "burn.c");
  const long = `long_${"x".repeat(100)}`;
  writeFileSync(
    source,
    `static volatile unsigned long n;
    __attribute__((noinline)) void ${long}(void) { for (int i = 0; i < 1000000; i++) n++; n++; }
    __attribute__((noinline)) void quick(void) { for (int i = 0; i < 250000; i++) n++; n++; }
    int main(void) { for (;;) { ${long}(); quick(); } }`,
  );
  const program = join(folder, "burn");
  execFileSync("cc", ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-o", program, source]);
  const burn = start(program);
  const shell = await startShell({ rows: 40 });
  shell.type(`rxbpf profile --flame -U -F 499 -p ${burn.pid} 1\r`);
  const screen = await ends(shell, 0);
  expect(screen).toMatch(/^100\.0% █{29} all: [\d,]+ samples\n100\.0% █{29} burn$/m);
  const share = (function_: string): number =>
    Number(new RegExp(`^ *([\\d.]+)% +█+ +${function_}`, "m").exec(screen)![1]);
  expect(share("long_x+…")).toBeGreaterThan(70);
  expect(share("quick")).toBeLessThan(30);
  expect(screen.split("\n").every((line) => line.length < 80)).toBe(true);
});

test("long work on recordings shows its progress, if nothing else is written there", { timeout: 90_000 }, async () => {
  const recording = join(folder, "long.arrow");
  const missing = `/tmp/${uniqueName()}`;
  const loop = `$0 = "${name}"; for (1 .. 12) { open F, "<", "${missing}"; select undef, undef, undef, 0.1 }`;
  await rxbpf("record", "opensnoop", "--name", name, "-o", recording, "--", "perl", "-e", loop);
  const shell = await startShell();
  shell.type(`rxbpf replay ${recording} --speed 0.7 --name ${name} > ${folder}/out\r`);
  await shell.waitFor(/^opensnoop: [1-9]\d* events .*0 lost {2}0:0\d$/m);
  await ends(shell, 0);
  expect(readFileSync(`${folder}/out`, "utf8").match(new RegExp(missing, "g"))).toHaveLength(12);

  // Slow reads stand for a long recording. Its footer is cut off.
  truncateSync(recording, statSync(recording).size - 100);
  shell.type("clear\r");
  const slow = "strace -f -qq -o /dev/null -e trace=pread64 -e inject=pread64:delay_enter=100000";
  const [node, main] = commandLine() as [string, string];
  shell.type(`${slow} '${node}' '${main}' recover ${recording}\r`);
  await shell.waitFor(/^recover: [\d,]+ events {2}/m, 60);
  const screen = await shell.waitFor(/long\.arrow: 1\d events, recovered; [^]*sh>$/, 60);
  expect(screen).not.toContain("recover: ");
  const pipe = `rxbpf replay ${recording} --speed 9 --name ${name} | cat > /dev/null\r`;
  shell.type("clear\r");
  await shell.waitFor(/^sh>$/);
  shell.type(pipe);
  expect(await ends(shell, 0)).not.toContain("events");
});
