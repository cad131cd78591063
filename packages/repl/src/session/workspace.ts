import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { compilerOptions } from "../typescript/options.js";
import { GLOBALS, scopeFolder } from "./scope-types.js";

/**
 * A temporary folder for the language server. Its modules have the same paths below it as they would have below `/`, and imports
 * are resolved in both. So they find files and packages as a file in the prompt's working directory does. `close` removes it.
 */
export class Workspace {
  readonly folder: string;
  /** The file that re-exports what earlier inputs declared. */
  readonly declared: string;
  /** The file of the input to check. */
  readonly draft: string;
  /** The file of the unfinished input that is asked about. */
  readonly hint: string;
  /** The path of its modules, below the folder. */
  readonly #place: string;
  readonly #remove: () => void;

  constructor(cwd: string) {
    const folder = (this.folder = scopeFolder());
    this.#remove = () => rmSync(folder, { recursive: true, force: true });
    process.once("exit", this.#remove);
    this.#place = cwd.slice(1);
    mkdirSync(join(folder, this.#place), { recursive: true });
    for (let at = cwd; at !== "/"; at = dirname(at))
      symlinkSync(join(at, "node_modules"), join(folder, at, "node_modules"));
    this.declared = this.reserve("declared");
    this.draft = this.reserve("draft");
    this.hint = this.reserve("hint");
    const files = [GLOBALS, this.declared, this.draft, this.hint];
    const options = { ...compilerOptions(), rootDirs: [".", "/"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files }));
  }

  /** Adds an empty module that others can import. Returns its path below the folder. */
  reserve(name: string): string {
    const file = join(this.#place, `${name}.ts`);
    writeFileSync(join(this.folder, file), "export {};\n");
    return file;
  }

  close(): void {
    process.off("exit", this.#remove);
    this.#remove();
  }
}
