import { dirname } from "node:path";

import { packageFolder, typesInScope } from "./packages.js";

/** The target of checking and translating TypeScript: the oldest Node that runs rxbpf. */
export const TARGET = "es2022";

/**
 * The compiler options for TypeScript in scripts and at the prompt: strict modules, in any folder, whose imports resolve for types
 * as they do at run time.
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
