import { builtinModules } from "node:module";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { temporaryFolder } from "../process/temporary.js";
import { exportedNames } from "./exported-names.js";
import { BUILTINS, IMPORTABLE, PACKAGES, packageFolder, packageTypes } from "../typescript/packages.js";

/** The file that declares what is in scope as globals, by the file beside it. */
export const GLOBALS = "globals.d.ts";
const SCOPE = "scope.d.ts";

/**
 * The types of what `installScope` makes global, for TypeScript elsewhere: the path of a declaration file to refer to, as
 * with `/// <reference path="..." />`. It needs `moduleResolution` to be `bundler`, or `nodenext`. The file lies in a temporary
 * folder, which is removed when the process ends.
 */
export function scopeTypes(): string {
  const folder = scopeFolder();
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return join(folder, GLOBALS);
}

/** Makes a temporary folder with the declarations of the scope, and the packages that they are of. */
export function scopeFolder(): string {
  const folder = temporaryFolder();
  for (const name of [...IMPORTABLE, "@types/node"]) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(packageFolder(name), link);
  }
  const names = namesByPackage();
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, SCOPE), scope(names));
  writeFileSync(join(folder, GLOBALS), globals(names));
  return folder;
}

/** The names in scope by the package that they are of. Of a name that several export, the first package's stands. */
function namesByPackage(): Map<string, string[]> {
  const seen = new Set<string>();
  const names = Object.values(PACKAGES).map((name) => {
    const own = [...exportedNames(packageTypes(name))].filter((one) => !seen.has(one));
    for (const one of own) seen.add(one);
    return [name, own] as const;
  });
  return new Map(names);
}

/** One module of all packages, with each package as a namespace too, where what is hidden is found. */
function scope(names: ReadonlyMap<string, readonly string[]>): string {
  return [
    ...[...names].map(([name, own]) => `export { ${own.join(", ")} } from "${name}";`),
    ...Object.entries(PACKAGES).map(([word, name]) => `export * as ${word} from "${name}";`),
    "export as namespace rxbpfScope;",
    "",
  ].join("\n");
}

/** `require` knows what it gives, but for files and other packages. */
const REQUIRE = [
  "declare namespace NodeJS { interface Require {",
  ...builtinModules.flatMap((name) =>
    [name, `node:${name}`].map((id) => `(id: "${id}"): typeof import("node:${name}");`),
  ),
  ...IMPORTABLE.map((name) => `(id: "${name}"): typeof import("${name}");`),
  "} }",
];

/** Makes what the scope exports global, an alias being value and type alike, and Node's own modules, as Node's prompt does. */
function globals(names: ReadonlyMap<string, readonly string[]>): string {
  const words = [...[...names.values()].flat(), ...Object.keys(PACKAGES)];
  return [
    `/// <reference path="./${SCOPE}" />`,
    ...words.map((name) => `import ${name} = rxbpfScope.${name};`),
    ...BUILTINS.map((name) => `declare const ${name}: typeof import("node:${name}");`),
    ...REQUIRE,
    "",
  ].join("\n");
}
