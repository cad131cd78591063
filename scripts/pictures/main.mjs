// `npm run pictures`, as root, makes the README's pictures anew from the real output of the commands in them.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { pageOfBuild } from "./page.mjs";
import { picture, seen } from "./terminal.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rxbpf = path.join(root, "packages/repl/bin/rxbpf.cjs");
const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-pictures-"));
const COLUMNS = 92;

/** A shell with a short prompt, in which `rxbpf` is this clone's command. */
const shell = ["bash", "--norc", "--noprofile", "-i"];
const begin = `PS1='$ '; rxbpf() { '${process.execPath}' '${rxbpf}' "$@"; }; clear\r`;

async function waitFor(text, words) {
  for (let i = 0; i < 300 && !words.test(text()); i++) await sleep(100);
}

const PICTURES = {
  opensnoop: {
    title: "rxbpf opensnoop -x -n ls shows where the loader looks for the libraries of ls in vain",
    rows: 26,
    act: async ({ type, text }) => {
      await command("rxbpf opensnoop -x -n ls --duration 3", { type, text });
      await waitFor(text, /PATH/);
      spawnSync("ls", { env: { PATH: process.env.PATH, LC_ALL: "C", LD_LIBRARY_PATH: "/opt/app/lib" } });
      await waitFor(text, / ls [^]*\$ +$/m);
    },
  },
  prompt: {
    title: "The prompt composes streams as they run: whose opens fail most, now",
    rows: 12,
    act: async ({ type, text }) => {
      const load = busy("while :; do cat /etc/hostname; git status; ls /etc/none; done");
      await command("rxbpf", { type, text });
      await waitFor(text, />/);
      type("opensnoop({ failed: true }).pipe(top(5, (e) => e.comm))\r");
      await waitFor(text, /git[^]*Ctrl-C ends/);
      await sleep(3000);
      load.kill();
    },
  },
  runqlat: {
    title: "rxbpf runqlat 2 1 counts how long threads wait for a processor",
    rows: 26,
    act: async ({ type, text }) => {
      const load = busy("while :; do ls /usr/bin | sort | wc -l; done");
      await command("rxbpf runqlat 2 1", { type, text });
      await waitFor(text, /distribution[^]*\$ +$/m);
      load.kill();
    },
  },
  heatmap: {
    title: "rxbpf runqlat --heatmap draws how long threads wait for a processor, as it changes",
    rows: 26,
    act: async ({ type, text }) => {
      await command("rxbpf runqlat --heatmap --comm sort 0.25", { type, text });
      await waitFor(text, /q quit/);
      for (const jobs of [1, 12, 4, 1]) {
        const loads = Array.from({ length: jobs }, () => busy("while :; do ls /usr/bin | sort | wc -l; done"));
        await sleep(5000);
        for (const load of loads) load.kill();
      }
      await sleep(1000);
    },
  },
};

async function command(words, { type }) {
  type(begin);
  await sleep(500);
  type(`${words}\r`);
}

function busy(script) {
  return spawn("sh", ["-c", script], { cwd: root, stdio: "ignore" });
}

const to = path.join(root, "docs/pictures");
mkdirSync(to, { recursive: true });
try {
  // With names, only these.
  const asked = process.argv.slice(2);
  for (const [name, scene] of Object.entries(PICTURES)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const lines = await seen(shell, { ...scene, columns: COLUMNS, cwd: folder });
    writeFileSync(path.join(to, `${name}.svg`), picture(scene.title, lines, COLUMNS));
    console.log(`docs/pictures/${name}.svg: ${lines.length} lines`);
  }
  pageOfBuild(rxbpf, folder, path.join(to, "report.png"));
  console.log("docs/pictures/report.png");
} finally {
  rmSync(folder, { recursive: true });
}
