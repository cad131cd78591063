import { Cells, wordsOf } from "./cells.js";
import type { Fault } from "./faults.js";
import { type Input, type Parsed, parseInput } from "./input.js";
import { type Diagnostic, LanguageServer } from "./language-server.js";
import { Workspace } from "./workspace.js";

/** What TypeScript calls "Cannot find name". */
const UNKNOWN_NAME = 2304;
/** "Cannot find module". */
const UNKNOWN_MODULE = 2307;
/** "Could not find a declaration file for module": a package without types can be used all the same. */
const UNTYPED_MODULE = 7016;
const NOTHING = { names: [] };

/**
 * What a prompt knows of its inputs: it reads them as TypeScript, checks their types against the packages in scope and
 * all earlier inputs, completes and explains them. It runs nothing. `close` ends the language server and removes its folder.
 */
export class Session {
  readonly #workspace: Workspace;
  readonly #server: LanguageServer;
  readonly #cells: Cells;
  /** Where relative and other imports of the inputs are looked for. */
  readonly folder: string;
  /** When types can be checked; rejects where they never can. What is asked before waits. */
  readonly ready: Promise<void>;

  constructor(folder: string) {
    this.folder = folder;
    this.#workspace = new Workspace(folder);
    this.#server = new LanguageServer(this.#workspace.folder);
    this.#cells = new Cells(this.#workspace, this.#server);
    this.ready = this.#prepare();
    this.ready.catch(() => {});
  }

  /** The first check reads all types, which is better done before somebody waits for it. */
  async #prepare(): Promise<void> {
    await this.#server.started;
    this.#server.write(this.#workspace.draft, this.#cells.header(NOTHING));
    await this.#server.errors(this.#workspace.draft);
  }

  parse(code: string): Parsed {
    return parseInput(code);
  }

  /** What is wrong with the types of an input. */
  async check(input: Input): Promise<readonly Fault[]> {
    await this.ready;
    this.#cells.want(input.source);
    const header = this.#cells.header(input, wordsOf(input.source));
    let errors = await this.#errors(header, input);
    // It may have been written or installed since it was looked for.
    if (errors.some(({ code }) => code === UNKNOWN_MODULE)) {
      this.#server.reload();
      errors = await this.#errors(header, input);
    }
    // With all names in sight it can say which one was meant.
    if (errors.some(({ code }) => code === UNKNOWN_NAME)) errors = await this.#errors(this.#cells.header(input), input);
    return errors.map(faultOf);
  }

  async #errors(header: string, input: Input): Promise<readonly Diagnostic[]> {
    this.#server.write(this.#workspace.draft, `${header}${input.source}`);
    const errors = await this.#server.errors(this.#workspace.draft);
    return errors.filter(({ code }) => code !== UNTYPED_MODULE);
  }

  /** Lets later inputs use what this one declares, and its value if it gave one, which is `_` for them. */
  take(input: Input, gaveValue = false): void {
    this.#cells.take(input, gaveValue);
  }

  /** The words that can stand at the end of an unfinished input, whatever has been typed of the last. */
  async completions(code: string): Promise<readonly string[]> {
    await this.ready;
    const lines = code.split("\n");
    this.#cells.want(code);
    this.#server.write(this.#workspace.hint, `${this.#cells.header(NOTHING)}${code}`);
    const items = await this.#server.completions(this.#workspace.hint, { line: lines.length, character: lines.at(-1)!.length });
    // What would have to be imported is in scope already, or not meant.
    const words = items.filter(({ data }) => !data?.autoImport).map(({ insertText, label }) => insertText ?? label);
    return [...new Set(words)].sort();
  }

  /** The type of an expression, or what a type is made of; undefined for what has none. */
  async type(code: string): Promise<string | undefined> {
    const asked = code.trim().replace(/;$/, "");
    // What is no value is `any` to the language server, which says nothing.
    const value = await this.#typeIn(`const ${ASKED} = (${asked}\n);`);
    if (value !== "any") return value;
    const type = await this.#typeIn(`type ${ASKED} = ${asked};`);
    return type === "any" ? undefined : type;
  }

  async #typeIn(text: string): Promise<string | undefined> {
    const hover = await this.#hover(text, text.indexOf(ASKED));
    return hover && codeOf(hover).replace(new RegExp(`^(const|type) ${ASKED}(: | = )`), "");
  }

  /** The signature of a name and what its documentation says; undefined for a name without meaning. */
  async doc(name: string): Promise<string | undefined> {
    const hover = await this.#hover(name.trim(), name.trim().length - 1);
    return hover === undefined ? undefined : plain(hover);
  }

  close(): void {
    this.#server.close();
    this.#workspace.close();
  }

  async #hover(code: string, character: number): Promise<string | undefined> {
    await this.ready;
    this.#cells.want(code);
    this.#server.write(this.#workspace.hint, `${this.#cells.header(NOTHING)}${code}`);
    return this.#server.hover(this.#workspace.hint, { line: 1, character });
  }
}

const ASKED = "asked__";
const FENCE = /```\w*\n([\s\S]*?)\n?```/;

function codeOf(markdown: string): string {
  return FENCE.exec(markdown)?.[1] ?? markdown;
}

function plain(markdown: string): string {
  return markdown
    .replace(FENCE, "$1")
    .replaceAll(/^\(alias\) /gm, "")
    .replaceAll(/\*@(\w+)\*/g, "@$1")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trimEnd();
}

/** The first line of the file is the header. */
function faultOf({ range: { start, end }, message, code }: Diagnostic): Fault {
  const width = end.line === start.line ? end.character - start.character : Infinity;
  return { message: `${message} (TS${code})`, line: start.line - 1, column: start.character, width };
}
