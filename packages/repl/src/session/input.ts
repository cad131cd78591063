import { type ParseResult, parseSync, type Program } from "oxc-parser";

import { placeAt } from "../typescript/files.js";
import type { Fault } from "./faults.js";
import { openedIn } from "./open.js";

/** An input, parsed. */
export interface Input {
  /** The source as it is evaluated: `{ a: 1 }` alone is an object, put in parentheses. */
  readonly source: string;
  readonly names: readonly DeclaredName[];
  /** If it ends with an expression, which gives its value: where that is, and where its statement ends. */
  readonly value?: { readonly start: number; readonly end: number; readonly until: number };
}

export interface DeclaredName {
  readonly name: string;
  /** Later inputs see a variable as one, which can be assigned or not; they import all other names. */
  readonly kind: "let" | "const" | "other";
}

export type Parsed = Input | "incomplete" | { readonly faults: readonly Fault[] };

const FILE = "input.ts";

/** Parses an input as TypeScript. `incomplete` asks for more lines. */
export function parseInput(code: string): Parsed {
  const source = isObject(code) ? `(${code.trim()})\n` : code;
  const { program, errors } = parse(source);
  if (errors.length === 0) return { source, names: namesOf(program), ...valueOf(program) };
  if (isBeginning(source, errors)) return "incomplete";
  return {
    faults: errors.map(({ message, labels: [at] }) => ({
      message,
      ...placeAt(source, at?.start ?? 0),
      width: at ? at.end - at.start : 0,
    })),
  };
}

function parse(source: string): ParseResult {
  return parseSync(FILE, source, { sourceType: "module", lang: "ts" });
}

/** Whether the error of a source is that it ends too early. */
function isBeginning(source: string, errors: ParseResult["errors"]): boolean {
  const opened = openedIn(source);
  if (!opened) return false;
  if (opened.length > 0) return true;
  const end = source.trimEnd().length;
  if (errors.some(({ labels }) => labels.some(({ start }) => start >= end))) return true;
  // For these, the error is at the beginning of a construct that lacks a name at its end.
  return /(?:=>|\.)$/.test(source.slice(0, end)) && parse(`${source} name`).errors.length === 0;
}

/** Whether a text is empty or nothing but comments. */
export function saysNothing(text: string): boolean {
  return /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*$/.test(text);
}

/** Whether the next line continues an input that is complete by itself. A comment may come between. */
export function goesOn(code: string, line: string): boolean {
  if (/^\s*(?:$|\/\/|\/\*)/.test(line)) return true;
  return (code.trimEnd().endsWith(";") ? CLAUSE : CONTINUATION).test(line);
}

const CLAUSE = /^\s*(?:else|catch|finally)\b/;
/** Beginnings of lines that begin no statement. Where JavaScript allows both, `(` and `[` begin a statement here; so does `-` before a name. */
const CONTINUATION =
  /^\s*(?:\.(?!\d)|\?|[:|&^%*=<>,)\]}]|[-+] |\/ |!=|(?:else|catch|finally|instanceof|in|as|satisfies)\b)/;

/** Whether a block, by JavaScript's grammar, is meant as an object. */
function isObject(code: string): boolean {
  return /^\s*\{/.test(code) && !/;\s*$/.test(code) && parse(`(${code.trim()})`).errors.length === 0;
}

function valueOf({ body }: Program): Pick<Input, "value"> {
  const last = body.at(-1);
  if (last?.type !== "ExpressionStatement") return {};
  const { start, end } = last.expression;
  return { value: { start: Math.min(start, last.start), end, until: last.end } };
}

type Statement = Program["body"][number];
type Pattern = Extract<Statement, { type: "VariableDeclaration" }>["declarations"][number]["id"];

function namesOf({ body }: Program): DeclaredName[] {
  const names = new Map<string, DeclaredName["kind"]>();
  for (const statement of body) {
    for (const { name, kind } of declaredBy(statement)) names.set(name, kind);
  }
  return [...names].map(([name, kind]) => ({ name, kind }));
}

function declaredBy(statement: Statement): DeclaredName[] {
  switch (statement.type) {
    case "VariableDeclaration": {
      const kind = statement.kind === "const" ? "const" : "let";
      return statement.declarations.flatMap(({ id }) => bound(id).map((name) => ({ name, kind }) as const));
    }
    case "ImportDeclaration":
      return statement.specifiers.map(({ local }) => ({ name: local.name, kind: "other" }));
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSEnumDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return statement.id ? [{ name: statement.id.name, kind: "other" }] : [];
    default:
      return [];
  }
}

/** The names that a pattern binds. */
export function bound(pattern: Pattern): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        bound(property.type === "RestElement" ? property.argument : (property.value as Pattern)),
      );
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => {
        if (element === null) return [];
        return bound(element.type === "RestElement" ? element.argument : (element as Pattern));
      });
    case "AssignmentPattern":
      return bound(pattern.left);
    default:
      return [];
  }
}
