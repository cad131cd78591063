import { Cells, wordsOf } from "./cells.js";
import type { Fault } from "./faults.js";
import { type Input, type Parsed, parseInput } from "./input.js";
import { type CompletionItem, type Diagnostic, LanguageServer, type Position } from "./language-server.js";
import { Workspace } from "./workspace.js";

/** TypeScript's error "Cannot find name". */
const UNKNOWN_NAME = 2304;
/** "Cannot find module". */
const UNKNOWN_MODULE = 2307;
/** "Could not find a declaration file for module": a package without types can be used all the same. */
const UNTYPED_MODULE = 7016;
const NOTHING = { names: [] };

/**
 * What a prompt knows of its inputs: it parses them as TypeScript, checks their types against the packages in scope and all
 * earlier inputs, completes and explains them. It runs nothing. `close` ends the language server and removes its folder.
 */
export class Session {
  readonly #workspace: Workspace;
  readonly #server: LanguageServer;
  readonly #cells: Cells;
  /** Where imports of the inputs are resolved. */
  readonly folder: string;
  /** Resolves when types can be checked; rejects if they never can. Earlier calls wait. */
  readonly ready: Promise<void>;

  constructor(folder: string) {
    this.folder = folder;
    this.#workspace = new Workspace(folder);
    this.#server = new LanguageServer(this.#workspace.folder);
    this.#cells = new Cells(this.#workspace, this.#server);
    this.ready = this.#prepare();
    this.ready.catch(() => {});
  }

  /** Reads all types, which the first check does, before somebody waits for it. */
  async #prepare(): Promise<void> {
    await this.#server.started;
    this.#server.write(this.#workspace.draft, this.#cells.header(NOTHING));
    await this.#server.errors(this.#workspace.draft);
  }

  parse(code: string): Parsed {
    return parseInput(code);
  }

  /** The type errors of an input. */
  async check(input: Input): Promise<readonly Fault[]> {
    await this.ready;
    this.#cells.want(input.source);
    const header = this.#cells.header(input, wordsOf(input.source));
    let errors = await this.#errors(header, input);
    // The module may have been written or installed since.
    if (errors.some(({ code }) => code === UNKNOWN_MODULE)) {
      this.#server.reload();
      errors = await this.#errors(header, input);
    }
    // With all names in sight, TypeScript can suggest the one that was meant.
    if (errors.some(({ code }) => code === UNKNOWN_NAME)) errors = await this.#errors(this.#cells.header(input), input);
    return errors.map(faultOf);
  }

  async #errors(header: string, input: Input): Promise<readonly Diagnostic[]> {
    this.#server.write(this.#workspace.draft, `${header}${input.source}`);
    const errors = await this.#server.errors(this.#workspace.draft);
    return errors.filter(({ code }) => code !== UNTYPED_MODULE);
  }

  /** Lets later inputs use what this one declares, and its value, if it gave one, as `_`. */
  take(input: Input, gaveValue = false): void {
    this.#cells.take(input, gaveValue);
  }

  /** What inputs have declared. */
  get names(): readonly string[] {
    return this.#cells.names;
  }

  /** The completions at the end of an unfinished input, whatever has been typed of the last word. */
  async completions(code: string): Promise<readonly Word[]> {
    const lines = code.split("\n");
    const items = await this.#completionsAt(code, { line: lines.length, character: lines.at(-1)!.length });
    const words = new Map(items.map((item) => [item.insertText ?? item.label, item]));
    return [...words]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([text, item]) => ({ text, doc: () => this.#docOf(item) }));
  }

  async #completionsAt(code: string, position: Position): Promise<readonly CompletionItem[]> {
    await this.ready;
    this.#cells.want(code);
    this.#server.write(this.#workspace.hint, `${this.#cells.header(NOTHING)}${code}`);
    const items = await this.#server.completions(this.#workspace.hint, position);
    // A name that would need an import is in scope already, or not wanted.
    return items.filter(({ data }) => !data?.autoImport);
  }

  async #docOf(item: CompletionItem): Promise<string> {
    return (await this.#server.explain(item)).documentation?.value ?? "";
  }

  /** The type of an expression, or the definition of a type; undefined for text that is neither. */
  async type(code: string): Promise<string | undefined> {
    const asked = code.trim().replace(/;$/, "");
    // To the language server, text that is not a value is `any`, and so is text without meaning.
    const texts = [`const ${ASKED} = (${asked}\n);`, `type ${ASKED} = ${asked};`];
    for (const text of texts) {
      const type = await this.#typeIn(text);
      if (type !== "any" && !(await this.#isWrong())) return type;
    }
    const value = await this.#typeIn(texts[0]!);
    return value !== "any" || !(await this.#isWrong()) ? value : undefined;
  }

  /** Whether the last text that was asked about has an error. */
  async #isWrong(): Promise<boolean> {
    return (await this.#server.errors(this.#workspace.hint)).length > 0;
  }

  async #typeIn(text: string): Promise<string | undefined> {
    const hover = await this.#hover(text, text.indexOf(ASKED));
    return hover && codeOf(hover).replace(new RegExp(`^(const|type) ${ASKED}(: | = )`), "");
  }

  /** The signature and documentation of a name, and the members of a type; undefined for a name without meaning. */
  async doc(name: string): Promise<string | undefined> {
    const asked = name.trim();
    const value = await this.#hover(asked, asked.length - 1);
    if (value !== undefined && codeOf(value) !== "any") return plain(value);
    const text = `type ${ASKED} = ${asked};`;
    const type = await this.#hover(text, text.length - 2);
    if (type === undefined || codeOf(type).endsWith("/*unresolved*/ any")) return undefined;
    const members = /^(?:\(alias\) )?interface/.test(codeOf(type)) ? await this.#members(asked) : [];
    return [plain(type), ...members].join("\n");
  }

  /** The members of a type, one per line. */
  async #members(type: string): Promise<string[]> {
    const code = `(null! as ${type}).`;
    const items = await this.#completionsAt(code, { line: 1, character: code.length });
    const members = items.slice(0, MEMBERS).map(async (item) => {
      const { detail = "", documentation } = await this.#server.explain(item);
      const member = detail.replace(/^\(\w+\) (?:[\w$]+\.)?/, "");
      return `  ${[member, ...(documentation ? [documentation.value.split("\n")[0]] : [])].join("  // ")}`;
    });
    return Promise.all(members);
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

/** A completion. */
export interface Word {
  readonly text: string;
  /** Its documentation. */
  doc(): Promise<string>;
}

/** The most members of a type that are shown. */
const MEMBERS = 100;
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
