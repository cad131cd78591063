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

/** Node's modules that are in scope by their names: those that no global hides. */
export const BUILTINS: readonly string[] = builtinModules.filter(
  (name) => /^[a-z]\w*$/.test(name) && !(name in globalThis),
);

const require = createRequire(import.meta.url);

/** Where a package that this one needs is installed. */
export function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/** The file with a package's types. */
export function packageTypes(name: string): string {
  const folder = packageFolder(name);
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports: { ".": { types: string } };
  };
  return join(folder, exports["."].types);
}
