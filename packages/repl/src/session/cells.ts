import type { DeclaredName, Input } from "./input.js";
import type { LanguageServer } from "./language-server.js";
import type { Workspace } from "./workspace.js";

interface Known {
  readonly kind: DeclaredName["kind"];
  /** The name under which `declared.ts` exports it: a later declaration of the same name gets another. */
  readonly exported: string;
}

/** The number of cells at the start. */
const CELLS = 64;

/** The name of the last input's value. */
export const LAST = "_";

/**
 * What inputs have declared. Each input that declares something is a module of its own, a cell. Names are resolved when an input
 * is added, so a name can be declared again. All cells exist, empty and open, before they are needed, and only `declared.ts`
 * imports them: as long as no module imports a new file, the language server keeps its program and checks an input in
 * milliseconds. When all cells are used, their number is doubled.
 */
export class Cells {
  readonly #workspace: Workspace;
  readonly #server: LanguageServer;
  readonly #known = new Map<string, Known>();
  readonly #files: string[] = [];
  readonly #lines: string[] = [];
  #used = 0;
  /** The module with the last value, which has no cell yet: most values are never used. */
  #last: string | undefined;
  /** Whether an input has declared a name. */
  #lastIsTheirs = false;

  constructor(workspace: Workspace, server: LanguageServer) {
    this.#workspace = workspace;
    this.#server = server;
    this.#add(CELLS);
    this.#server.write(this.#workspace.declared, this.#lines.join("\n"));
  }

  get names(): readonly string[] {
    return [...this.#known.keys()];
  }

  /** A line that gives an input the names of earlier inputs, without those that it declares itself. */
  header(input: Pick<Input, "names">, only?: ReadonlySet<string>): string {
    const own = new Set(input.names.map(({ name }) => name));
    const parts = [`import "./declared.js";`];
    for (const [name, { kind, exported }] of this.#known) {
      if (own.has(name) || (only && !only.has(name))) continue;
      parts.push(
        kind === "other"
          ? `import { ${exported} as ${name} } from "./declared.js";`
          : `declare ${kind} ${name}: typeof import("./declared.js").${exported};`,
      );
    }
    return `${parts.join(" ")}\n`;
  }

  /** Makes an input's declarations known to later inputs, and its value if it gave one. */
  take(input: Input, gaveValue: boolean): void {
    const header = this.header(input, wordsOf(input.source));
    const names = input.names.map(({ name }) => name);
    if (names.length > 0) this.#declare(`${header}${input.source}\nexport { ${names.join(", ")} };\n`, input.names);
    if (names.includes(LAST)) this.#lastIsTheirs = true;
    if (gaveValue && input.value && !this.#lastIsTheirs) this.#last = header + withLast(input);
  }

  /** Makes the last value known if a text uses it. */
  want(text: string): void {
    if (this.#last === undefined || !wordsOf(text).has(LAST)) return;
    this.#declare(this.#last, [{ name: LAST, kind: "const" }]);
    this.#last = undefined;
  }

  /** Writes a module into the next cell, and records its names. */
  #declare(text: string, names: readonly DeclaredName[]): void {
    if (this.#used === this.#lines.length) this.#add(this.#lines.length);
    const cell = this.#used++;
    for (const { name, kind } of names) this.#known.set(name, { kind, exported: `${name}_${cell}` });
    const exports = names.map(({ name }) => `${name} as ${name}_${cell}`);
    this.#lines[cell] = `export { ${exports.join(", ")} } from "./${nameOf(cell)}.js";`;
    this.#server.write(this.#files[cell]!, text);
    this.#server.write(this.#workspace.declared, this.#lines.join("\n"));
  }

  #add(count: number): void {
    for (let i = 0; i < count; i++) {
      const cell = nameOf(this.#lines.length);
      const file = this.#workspace.reserve(cell);
      this.#server.write(file, "export {};\n");
      this.#files.push(file);
      this.#lines.push(`import "./${cell}.js";`);
    }
  }
}

/** An input changed to export its value. */
function withLast({ source, value }: Input): string {
  const { start, end, until } = value!;
  const expression = source.slice(start, end);
  return `${source.slice(0, start)}export const ${LAST} = await (${expression}\n);${source.slice(until)}`;
}

function nameOf(cell: number): string {
  return `cell${cell}`;
}

/** Everything in a text that can be a name. */
export function wordsOf(text: string): Set<string> {
  return new Set(text.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
}
