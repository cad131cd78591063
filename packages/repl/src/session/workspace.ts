import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { compilerOptions } from "../typescript/options.js";
import { GLOBALS, scopeFolder } from "./scope-types.js";

/**
 * A temporary folder for the language server. Its modules lie there where they would lie below `/`, and for what they
 * import both are one: so they find files and packages as a file in the folder does that the prompt was started in.
 * `close` removes it.
 */
export class Workspace {
  readonly folder: string;
  /** The file that re-exports what earlier inputs declared. */
  readonly declared: string;
  /** The file of the input that is checked. */
  readonly draft: string;
  /** The file of the unfinished input that is asked about. */
  readonly hint: string;
  /** Where its modules are, below the folder. */
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

  /** A module that other modules may import, empty for now. Gives its path below the folder. */
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
