import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { GLOBALS, scopeFolder } from "./scope-types.js";

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
    const folder = (this.folder = scopeFolder());
    this.#remove = () => rmSync(folder, { recursive: true, force: true });
    process.once("exit", this.#remove);
    this.#write("tsconfig.json", JSON.stringify({ compilerOptions: options(cwd), files: FILES }));
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

const FILES = [GLOBALS, DECLARED, DRAFT, HINT];

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
