import { parseSync, type Program } from "oxc-parser";

import { placeAt } from "../typescript/files.js";
import type { Fault } from "./faults.js";

/** What was typed, parsed. */
export interface Input {
  /** As it is evaluated: `{ a: 1 }` alone is an object and stands in parentheses. */
  readonly source: string;
  readonly names: readonly DeclaredName[];
}

export interface DeclaredName {
  readonly name: string;
  /** A variable is known to later inputs as one, so that it can be assigned, or not; the rest is imported by them. */
  readonly kind: "let" | "const" | "other";
}

export type Parsed = Input | "incomplete" | { readonly faults: readonly Fault[] };

const FILE = "input.ts";

/** Reads an input as TypeScript. `incomplete` asks for more lines. */
export function parseInput(code: string): Parsed {
  const source = isObject(code) ? `(${code.trim()})\n` : code;
  const { program, errors } = parseSync(FILE, source, { sourceType: "module", lang: "ts" });
  if (errors.length === 0) return { source, names: namesOf(program) };
  const end = source.trimEnd().length;
  const wantsMore = errors.some(
    ({ message, labels }) =>
      UNTERMINATED.test(message) || (UNEXPECTED.test(message) && labels.some(({ start }) => start >= end)),
  );
  if (wantsMore) return "incomplete";
  return {
    faults: errors.map(({ message, labels: [at] }) => ({
      message,
      ...placeAt(source, at?.start ?? 0),
      width: at ? at.end - at.start : 0,
    })),
  };
}

const UNTERMINATED = /EOF|Unterminated (template|multi)/i;
const UNEXPECTED = /Unexpected token|Expected/;

/** A block by JavaScript's grammar that a person means as an object. */
function isObject(code: string): boolean {
  return (
    /^\s*\{/.test(code) &&
    !/;\s*$/.test(code) &&
    parseSync(FILE, `(${code.trim()})`, { sourceType: "module", lang: "ts" }).errors.length === 0
  );
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
