import { Cells, wordsOf } from "./cells.js";
import type { Fault } from "./faults.js";
import { type Input, type Parsed, parseInput } from "./input.js";
import { type CompletionItem, type Diagnostic, LanguageServer, type Position } from "./language-server.js";
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

  /** What inputs have declared. */
  get names(): readonly string[] {
    return this.#cells.names;
  }

  /** What can stand at the end of an unfinished input, whatever has been typed of the last word. */
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
    // What would have to be imported is in scope already, or not meant.
    return items.filter(({ data }) => !data?.autoImport);
  }

  async #docOf(item: CompletionItem): Promise<string> {
    return (await this.#server.explain(item)).documentation?.value ?? "";
  }

  /** The type of an expression, or what a type is made of; undefined for what has none. */
  async type(code: string): Promise<string | undefined> {
    const asked = code.trim().replace(/;$/, "");
    // What is no value is `any` to the language server, and so is what has no meaning.
    const texts = [`const ${ASKED} = (${asked}\n);`, `type ${ASKED} = ${asked};`];
    for (const text of texts) {
      const type = await this.#typeIn(text);
      if (type !== "any" && !(await this.#isWrong())) return type;
    }
    const value = await this.#typeIn(texts[0]!);
    return value !== "any" || !(await this.#isWrong()) ? value : undefined;
  }

  /** Whether there is an error in what was asked about last. */
  async #isWrong(): Promise<boolean> {
    return (await this.#server.errors(this.#workspace.hint)).length > 0;
  }

  async #typeIn(text: string): Promise<string | undefined> {
    const hover = await this.#hover(text, text.indexOf(ASKED));
    return hover && codeOf(hover).replace(new RegExp(`^(const|type) ${ASKED}(: | = )`), "");
  }

  /** The signature of a name and what its documentation says, of a type its members too; undefined for a name without meaning. */
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

  /** The members of a type, in a line each. */
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

/** What can be typed. */
export interface Word {
  readonly text: string;
  /** What its documentation says. */
  doc(): Promise<string>;
}

/** So many members of a type are told. */
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
