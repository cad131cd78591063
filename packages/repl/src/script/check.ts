import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { stateOf } from "@rxbpf/core";

import { temporaryFolder } from "../temporary.js";
import { packageFolder, tscPath, typesInScope } from "../session/packages.js";

/**
 * Type-checks a script and all that it imports, strictly. Prints the errors on stderr, each with its place and its line.
 * @returns whether there was none
 */
export function passesCheck(script: string): boolean {
  const folder = temporaryFolder();
  try {
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify(configFor(script)));
    const { status, stdout, error } = spawnSync(tscPath(), ["--project", config, "--pretty"], { encoding: "utf8" });
    if (error) throw new Error(`Cannot check types: ${stateOf(error)}`, { cause: error });
    process.stderr.write(process.stderr.isTTY ? stdout : stripVTControlCharacters(stdout));
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a script is to TypeScript: a module, wherever it lies, whose imports mean what they do when it runs. */
function configFor(script: string): object {
  return {
    compilerOptions: {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: "es2022",
      lib: ["es2023"],
      module: "esnext",
      moduleResolution: "bundler",
      moduleDetection: "force",
      isolatedModules: true,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      types: ["node"],
      typeRoots: [dirname(packageFolder("@types/node"))],
      paths: Object.fromEntries(Object.entries(typesInScope()).map(([name, file]) => [name, [file]])),
    },
    files: [script],
  };
}
