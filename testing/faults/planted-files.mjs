// Root records and exports in a directory of another user. That user keeps planting links to root's files under every
// name in it, and swaps the directory for a link.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { report, run, withFolder } from "./support/command.mjs";

const NOBODY = 65_534;
const ROUNDS = 8;

/** What the user runs, in the directory's parent. The names are those that root will use: they can be guessed. */
const ATTACK = `
  my ($dir, $secret, $elsewhere) = @ARGV;
  my @names = ("r.arrow", "out.json", "out.csv", "opensnoop.arrow", ".rxbpf-0");
  my $swaps = 0;
  $SIG{TERM} = sub { print "$swaps\\n"; exit 0 };
  for (my $i = 0; ; $i++) {
    my @t = gmtime(time + $i % 2);
    my $stamp = sprintf("%04d%02d%02dT%02d%02d%02dZ", $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0]);
    for my $name (@names, map { sprintf("r-%s-%06d.arrow", $stamp, $_) } 1 .. 20) {
      my $to = $i % 3 ? $secret : "$elsewhere/new";
      unlink("$dir/$name"); symlink($to, "$dir/$name"); $swaps++;
      unlink("$dir/$name") if $i % 2;
    }
    if ($i % 5 == 0) { rename($dir, "$dir.away"); symlink($elsewhere, $dir); unlink($dir); rename("$dir.away", $dir); }
  }`;

const faults = [];
let swaps = 0;
let made = 0;
let refused = 0;

await withFolder(async (folder) => {
  chmodSync(folder, 0o755);
  const [theirs, secret, elsewhere] = ["theirs", "secret", "elsewhere"].map((name) => path.join(folder, name));
  mkdirSync(theirs);
  chownSync(theirs, NOBODY, NOBODY);
  mkdirSync(elsewhere);
  const recording = path.join(folder, "whole.arrow");
  await run(["record", "opensnoop", "-o", recording, "--", "cat", "/etc/hostname"]);
  writeFileSync(secret, "secret", { mode: 0o600 });

  const directory = path.join(theirs, "d");
  mkdirSync(directory);
  chownSync(directory, NOBODY, NOBODY);
  const user = { uid: NOBODY, gid: NOBODY, stdio: ["ignore", "pipe", "inherit"] };
  const attacker = spawn("perl", ["-e", ATTACK, directory, secret, elsewhere], user);
  const told = (async () => {
    let text = "";
    for await (const chunk of attacker.stdout) text += chunk;
    return Number(text);
  })();
  const opens = ["--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do cat /etc/hostname > /dev/null; sleep 0.1; done"];
  const rotate = ["--rotate-bytes", "1", "--keep", "2"];
  const runs = [
    ["record", "opensnoop", "-o", `${directory}/r.arrow`, "--force", ...opens],
    ["record", "opensnoop", "-o", `${directory}/r.arrow`, ...rotate, ...opens],
    ["record", "opensnoop", "-o", `${directory}/`, ...rotate, ...opens],
    ["export", recording, "--json", "-o", `${directory}/out.json`, "--force"],
    ["export", recording, "--csv", "-o", `${directory}/out.csv`],
    ["recover", `${directory}/r.arrow`],
  ];
  for (let round = 0; round < ROUNDS; round++) {
    const outcomes = await Promise.all(runs.map((args) => run(args)));
    for (const { status, stderr } of outcomes) {
      if (status === 0) made++;
      else refused++;
      if (status !== 0 && !/^rxbpf: [^\n]*\n$/.test(stderr)) faults.push(`no single line: ${stderr.slice(0, 300)}`);
    }
  }
  attacker.kill("SIGTERM");
  swaps = await told;
  if (attacker.exitCode === null) await once(attacker, "exit");

  if (readFileSync(secret, "utf8") !== "secret" || (lstatSync(secret).mode & 0o777) !== 0o600)
    faults.push("root's file was changed");
  if (existsSync(path.join(elsewhere, "new")) || readdirSync(elsewhere).length > 0)
    faults.push(`files appeared elsewhere: ${readdirSync(elsewhere).join(" ")}`);
});

report(
  "planted files",
  `${swaps} links planted, ${made} runs ended with 0, ${refused} refused in one line, none written through`,
  faults,
);
