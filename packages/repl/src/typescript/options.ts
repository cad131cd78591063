import { dirname } from "node:path";

import { packageFolder, typesInScope } from "./packages.js";

/** What TypeScript is checked and translated for: the oldest Node that runs us. */
export const TARGET = "es2022";

/**
 * What TypeScript is, in a script and at the prompt, as options of its compiler: strict modules, wherever they lie, whose
 * imports mean what they do when they run.
 */
export function compilerOptions(): Readonly<Record<string, unknown>> {
  return {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: TARGET,
    lib: ["es2023"],
    module: "esnext",
    moduleResolution: "bundler",
    moduleDetection: "force",
    isolatedModules: true,
    allowImportingTsExtensions: true,
    allowJs: true,
    resolveJsonModule: true,
    types: ["node"],
    typeRoots: [dirname(packageFolder("@types/node"))],
    paths: Object.fromEntries(Object.entries(typesInScope()).map(([name, file]) => [name, [file]])),
  };
}
