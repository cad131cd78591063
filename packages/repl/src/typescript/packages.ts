import { readFileSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * The packages whose words are in scope, in the order in which a name is looked up: what RxJS calls `interval` is not
 * hidden by what a probe's option is made with.
 */
export const PACKAGES = {
  rxjs: "rxjs",
  core: "@rxbpf/core",
  filters: "@rxbpf/filters",
  probes: "@rxbpf/probes",
  sinks: "@rxbpf/sinks",
} as const;

/** The package that has all of them in one. */
export const ALL = "rxbpf";

/** The packages that code imports by their names, and always gets as this command has them. */
export const IMPORTABLE: readonly string[] = [...Object.values(PACKAGES), ALL];

/** Those of Node's modules whose names mean a global already. */
const GLOBALS = new Set(["console", "crypto", "process"]);

/** Node's modules that are in scope by their names, as at Node's own prompt. */
export const BUILTINS: readonly string[] = builtinModules.filter(
  (name) => /^[a-z]\w*$/.test(name) && !GLOBALS.has(name),
);

const require = createRequire(import.meta.url);

/** Where a package that this one needs is installed. */
export function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/** The file with a package's types. */
export function packageTypes(name: string): string {
  return join(packageFolder(name), (exportsOf(name)["."] as { types: string }).types);
}

/**
 * Whether an import means one of these packages. Prompt and script always get this command's own copies of those,
 * whatever is installed beside them. So there is one of each: what is attached is known, and programs and decoders fit.
 */
export function isInScope(specifier: string): boolean {
  return IMPORTABLE.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

/** The files with the types of all that can be imported of them: `@rxbpf/core`, `rxjs/operators`. */
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

/** TypeScript's native program; `bin/tsc` would only start it, after starting Node once more. */
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
