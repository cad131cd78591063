import MagicString from "magic-string";
import { parseSync, type Program } from "oxc-parser";
import { transformSync } from "oxc-transform";

import { bound } from "./input.js";

/** JavaScript that `evaluate` runs. */
export interface Lowered {
  readonly code: string;
  /** It gives a promise of its value. */
  readonly isAsync: boolean;
}

/**
 * Makes JavaScript of an input that has been parsed without error: its types are removed, what it declares becomes
 * global, its imports happen when it runs, and where it awaits it becomes an async function with the value of its last
 * expression.
 * @throws SyntaxError for what a prompt cannot run
 */
export function lower(source: string): Lowered {
  const { code, errors } = transformSync("input.ts", source, {
    target: "es2022",
    sourceType: "module",
    typescript: { onlyRemoveTypeImports: true },
  });
  if (errors.length > 0) throw new SyntaxError(errors[0]!.message);
  const { program } = parseSync("input.js", code, { sourceType: "module" });
  const text = new MagicString(code);
  const body = program.body.filter((statement) => !isEmptyExport(statement, text));
  const isAsync = body.some((statement) => statement.type === "ImportDeclaration" || awaits(statement));
  for (const statement of body) {
    if (statement.type === "ImportDeclaration") text.update(statement.start, statement.end, imported(statement));
  }
  return { code: isAsync ? asAsync(body, text) : asScript(body, text), isAsync };
}

type Statement = Program["body"][number];
type Import = Extract<Statement, { type: "ImportDeclaration" }>;

/** Removed types leave `export {}` behind. */
function isEmptyExport(statement: Statement, text: MagicString): boolean {
  if (!statement.type.startsWith("Export")) return false;
  if (statement.type !== "ExportNamedDeclaration" || statement.specifiers.length > 0 || statement.declaration)
    throw new SyntaxError("Cannot export from a prompt; what is declared is there for all later inputs");
  text.remove(statement.start, statement.end);
  return true;
}

function imported({ source, specifiers }: Import): string {
  const module = `await import(${JSON.stringify(source.value)})`;
  const parts: string[] = [];
  const names: string[] = [];
  for (const one of specifiers) {
    const { name } = one.local;
    if (one.type === "ImportNamespaceSpecifier") parts.push(`globalThis.${name} = ${module};`);
    else if (one.type === "ImportDefaultSpecifier") names.push(`default: globalThis.${name}`);
    else {
      const of = one.imported.type === "Identifier" ? one.imported.name : JSON.stringify(one.imported.value);
      names.push(`${of}: globalThis.${name}`);
    }
  }
  if (names.length > 0) parts.push(`({ ${names.join(", ")} } = ${module});`);
  return parts.join(" ") || `${module};`;
}

/** A script's `var`s are global, its `const`s and classes are not, and could not be declared again. */
function asScript(body: readonly Statement[], text: MagicString): string {
  for (const statement of body) {
    if (statement.type === "VariableDeclaration")
      text.update(statement.start, statement.start + statement.kind.length, "var");
    if (statement.type === "ClassDeclaration") text.appendLeft(statement.start, `var ${statement.id!.name} = `);
  }
  return text.toString();
}

function asAsync(body: readonly Statement[], text: MagicString): string {
  const globals: string[] = [];
  const hoisted: string[] = [];
  for (const statement of body) {
    if (statement.type === "VariableDeclaration") assign(statement, text, globals);
    else if (statement.type === "FunctionDeclaration") hoisted.push(statement.id!.name);
    else if (statement.type === "ClassDeclaration")
      text.appendLeft(statement.start, `globalThis.${statement.id!.name} = `);
  }
  const last = body.at(-1);
  if (last?.type === "ExpressionStatement") {
    text.appendLeft(last.start, "return (");
    text.appendLeft(last.expression.end, ")");
  }
  const names = globals.length > 0 ? `var ${globals.join(", ")};` : "";
  const functions = hoisted.map((name) => `globalThis.${name} = ${name};`).join("");
  return `${names}(async () => {${functions}${text.toString()}\n})()`;
}

/** `const { a } = b, c = d` as `;({ a } = b), (c = d)`. */
function assign(
  { kind, start, declarations }: Extract<Statement, { type: "VariableDeclaration" }>,
  text: MagicString,
  globals: string[],
): void {
  text.update(start, start + kind.length, ";");
  for (const { id, init, start, end } of declarations) {
    globals.push(...bound(id));
    text.appendLeft(start, "(");
    text.appendRight(end, init ? ")" : " = undefined)");
  }
}

interface Node {
  readonly type: string;
}

const FUNCTION = /^(Function|ArrowFunction|Class|Method|PropertyDefinition|StaticBlock)/;

function awaits(statement: unknown): boolean {
  let found = false;
  visit(statement, (node) => {
    if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && (node as { await?: boolean }).await))
      found = true;
    return !FUNCTION.test(node.type);
  });
  return found;
}

/** Calls back for every node of a tree; those under one for which `enter` gives false are left out. */
function visit(tree: unknown, enter: (node: Node) => boolean | void): void {
  if (Array.isArray(tree)) for (const one of tree) visit(one, enter);
  else if (tree !== null && typeof tree === "object") {
    if ("type" in tree && typeof tree.type === "string" && enter(tree as Node) === false) return;
    for (const value of Object.values(tree)) visit(value, enter);
  }
}
