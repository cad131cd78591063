import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { stateOf } from "@rxbpf/core/events";

import { temporaryFolder } from "../process/temporary.js";
import { compilerOptions } from "../typescript/options.js";
import { tscPath } from "../typescript/packages.js";

/**
 * Type-checks a script and all that it imports, strictly. Prints errors to stderr, each with its place and its line.
 * @returns whether there were no errors
 */
export function passesCheck(script: string): boolean {
  const folder = temporaryFolder();
  try {
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify({ compilerOptions: compilerOptions(), files: [script] }));
    const { status, stdout, error } = spawnSync(tscPath(), ["--project", config, "--pretty"], { encoding: "utf8" });
    if (error) throw new Error(`Cannot check types: ${stateOf(error)}`, { cause: error });
    process.stderr.write(process.stderr.isTTY ? stdout : stripVTControlCharacters(stdout));
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
