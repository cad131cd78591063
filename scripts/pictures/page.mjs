// A picture of a page that `rxbpf record --report` makes of a build.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const PROBES = ["opensnoop", "execsnoop", "exitsnoop", "profile"];
const PARTS = ["parse", "scan", "emit", "table", "main"];

/** @param folder where to build and record */
export function pageOfBuild(rxbpf, folder, picture) {
  for (const part of PARTS) {
    const body = part === "main" ? "int main(void) { return 0; }" : `int ${part}(void) { return puts("${part}"); }`;
    writeFileSync(path.join(folder, `${part}.c`), `#include <stdio.h>\n#include <pthread.h>\n${body}\n`);
  }
  const objects = PARTS.map((part) => `${part}.o`).join(" ");
  writeFileSync(path.join(folder, "Makefile"), `app: ${objects}\n\tcc -o $@ $^\n%.o: %.c\n\tcc -O2 -c $< -o $@\n`);
  run(
    folder,
    process.execPath,
    rxbpf,
    "record",
    ...PROBES,
    "-o",
    "build/",
    "--report",
    "build.html",
    "--",
    "make",
    "-j2",
  );
  const page = pathToFileURL(path.join(folder, "build.html")).href;
  // With time that passes at once, until the page has drawn itself.
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=5000"];
  run(folder, "chromium", ...flags, "--window-size=1280,1040", `--screenshot=${picture}`, page);
}

function run(cwd, command, ...words) {
  const { status, stderr } = spawnSync(command, words, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${path.basename(command)} ended with ${status}: ${stderr}`);
}
