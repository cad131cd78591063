// Recordings with random damage: each is read as far as possible or refused with one line, in no more memory than a
// whole one needs.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { report, run, withFolder } from "./support/command.mjs";

const reader = fileURLToPath(new URL("support/read-damaged.mjs", import.meta.url));
const COPIES = 4000;
const MOST_MEMORY = 400 << 20;
const MOST_SECONDS = 300;

const faults = [];
const figures = [];

await withFolder(async (folder) => {
  const command = ["--", "sh", "-c", "for i in $(seq 60); do cat /etc/hostname > /dev/null; done"];
  for (const flags of [[], ["--compress"]]) {
    const output = path.join(folder, `recording${flags.join("")}`);
    await run(["record", "opensnoop", "execsnoop", "-o", output, ...flags, ...command]);
    for (const probe of ["opensnoop", "execsnoop"]) {
      const seed = Date.now() % 1_000_000;
      const args = [reader, path.join(output, `${probe}.arrow`), String(COPIES), String(seed)];
      const where = `${probe} ${flags.join(" ")} (seed ${seed})`;
      try {
        const found = JSON.parse(
          execFileSync(process.execPath, args, { timeout: MOST_SECONDS * 1000, encoding: "utf8" }),
        );
        figures.push(found);
        faults.push(...found.faults.map((fault) => `${where}: ${fault}`));
        if (found.peak > MOST_MEMORY) faults.push(`${where}: ${found.peak >> 20} MB`);
      } catch (error) {
        faults.push(`${where}: ${error.message.slice(0, 300)}`);
      }
    }
  }
});

const sum = (key) => figures.reduce((total, one) => total + one[key], 0);
const most = (key) => Math.max(...figures.map((one) => one[key]));
report(
  "damaged recordings",
  `${sum("read") + sum("refused")} copies, ${sum("read")} read as far as they go (${sum("rows")} events), ${sum("refused")} refused in one line, at most ${most("peak") >> 20} MB and ${Math.round(most("slowest"))} ms for one`,
  faults,
);
