import { readFileSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * The packages whose exports are in scope, in the order in which a name is looked up, so that no other package hides RxJS's
 * `interval`.
 */
export const PACKAGES = {
  rxjs: "rxjs",
  core: "@rxbpf/core",
  filters: "@rxbpf/filters",
  probes: "@rxbpf/probes",
  // Before sinks, whose `replay` reads files only.
  ship: "@rxbpf/ship",
  sinks: "@rxbpf/sinks",
} as const;

/** A package that can be imported, and is not in scope. */
const REPORT = "@rxbpf/report";

/** The package that re-exports all of them. */
export const ALL = "rxbpf";

/** The packages for which imports always get this command's own copies. */
export const IMPORTABLE: readonly string[] = [...Object.values(PACKAGES), REPORT, ALL];

/** Node's modules whose names are already globals. */
const GLOBALS = new Set(["console", "crypto", "process"]);

/** Node's modules that are in scope by their names, as at Node's own prompt. */
export const BUILTINS: readonly string[] = builtinModules.filter(
  (name) => /^[a-z]\w*$/.test(name) && !GLOBALS.has(name),
);

const require = createRequire(import.meta.url);

/** The folder where a dependency of this package is installed. */
export function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/** The file with a package's types. */
export function packageTypes(name: string): string {
  return join(packageFolder(name), (exportsOf(name)["."] as { types: string }).types);
}

/**
 * Whether an import means one of these packages. Prompt and scripts always get this command's own copies, whatever is installed
 * beside them. So there is one copy of each, which knows all attached streams, and whose programs and decoders fit.
 */
export function isInScope(specifier: string): boolean {
  return IMPORTABLE.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

/** The files with the types of every entry point of these packages, such as `@rxbpf/core` and `rxjs/operators`. */
export function typesInScope(): Readonly<Record<string, string>> {
  const entries = IMPORTABLE.flatMap((name) =>
    Object.entries(exportsOf(name)).flatMap(([path, target]) =>
      typeof target === "string" || !target.types
        ? []
        : [[join(name, path), join(packageFolder(name), target.types)] as const],
    ),
  );
  return Object.fromEntries(entries);
}

/** The path of TypeScript's native program; `bin/tsc` would only start another Node to start it. */
export function tscPath(): string {
  const typescript = createRequire(join(packageFolder("typescript"), "package.json"));
  const platform = `@typescript/typescript-${process.platform}-${process.arch}/package.json`;
  return join(typescript.resolve(platform), "../lib/tsc");
}

type Exports = Readonly<Record<string, string | { readonly types?: string }>>;

function exportsOf(name: string): Exports {
  const manifest = readFileSync(join(packageFolder(name), "package.json"), "utf8");
  return (JSON.parse(manifest) as { exports: Exports }).exports;
}
