import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { exportedNames } from "./exported-names.js";
import { BUILTINS, PACKAGES, packageFolder, packageTypes } from "./packages.js";

/** The file that re-exports what earlier inputs declared. */
export const DECLARED = "declared.ts";
/** The file of the input that is checked. */
export const DRAFT = "draft.ts";
/** The file of the unfinished input that is asked about. */
export const HINT = "hint.ts";

/**
 * A temporary folder for the language server. Its modules find the packages in scope beside them, and what is
 * imported otherwise in the folder that the prompt was started in. `close` removes it.
 */
export class Workspace {
  readonly folder: string;
  readonly #remove: () => void;

  constructor(cwd: string) {
    const folder = (this.folder = mkdtempSync(join(tmpdir(), "rxbpf-")));
    this.#remove = () => rmSync(folder, { recursive: true, force: true });
    process.once("exit", this.#remove);
    for (const name of [...Object.values(PACKAGES), "@types/node"]) {
      const link = join(folder, "node_modules", name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(packageFolder(name), link);
    }
    this.#write("package.json", JSON.stringify({ type: "module" }));
    this.#write("tsconfig.json", JSON.stringify({ compilerOptions: options(cwd), files: FILES }));
    const names = namesByPackage();
    this.#write("scope.d.ts", scope(names));
    this.#write("globals.d.ts", globals(names));
    for (const file of [DECLARED, DRAFT, HINT]) this.#write(file, "export {};\n");
  }

  /** A file that other files may import, empty for now. */
  reserve(file: string): void {
    this.#write(file, "export {};\n");
  }

  close(): void {
    process.off("exit", this.#remove);
    this.#remove();
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }
}

const FILES = ["scope.d.ts", "globals.d.ts", DECLARED, DRAFT, HINT];

function options(cwd: string): object {
  return {
    target: "es2022",
    lib: ["es2023"],
    module: "esnext",
    moduleResolution: "bundler",
    moduleDetection: "force",
    types: ["node"],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    rootDirs: [".", cwd],
    paths: { "*": ["./node_modules/*", `${cwd}/node_modules/*`, `${cwd}/node_modules/@types/*`] },
  };
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

/** Makes what the scope exports global, an alias being value and type alike, and Node's own modules, as Node's prompt does. */
function globals(names: ReadonlyMap<string, readonly string[]>): string {
  const words = [...[...names.values()].flat(), ...Object.keys(PACKAGES)];
  return [
    ...words.map((name) => `import ${name} = rxbpfScope.${name};`),
    ...BUILTINS.map((name) => `declare const ${name}: typeof import("node:${name}");`),
    "",
  ].join("\n");
}
