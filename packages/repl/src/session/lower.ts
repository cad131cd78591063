import MagicString from "magic-string";
import { parseSync, type Program } from "oxc-parser";

import { type Node, visit } from "../typescript/nodes.js";
import { translate, type Translation } from "../typescript/translate.js";
import { bound } from "./input.js";

/** JavaScript for `evaluate`; `map` leads from its lines to those of the input. */
export interface Lowered extends Translation {
  /** Whether it gives a promise of its value. */
  readonly isAsync: boolean;
  /** Whether it uses `import`, which needs `IMPORT`. */
  readonly imports: boolean;
}

/** Stands for `import` in code at the prompt, because only modules have `import`. */
export const IMPORT = Symbol.for("rxbpf.import");
const IMPORTER = 'globalThis[Symbol.for("rxbpf.import")]';

/**
 * Turns an input that was parsed without error into JavaScript: removes types, makes declarations global, and makes imports happen
 * when it runs. An input with `await` becomes an async function that returns the value of its last expression.
 * @throws SyntaxError for what a prompt cannot run
 */
export function lower(source: string): Lowered {
  const { code, map } = translate(source, { keepImports: true });
  const { program } = parseSync("input.js", code, { sourceType: "module" });
  const text = new MagicString(code);
  const body = program.body.filter((statement) => !isEmptyExport(statement, text));
  const isAsync = body.some((statement) => statement.type === "ImportDeclaration" || awaits(statement));
  let imports = useImporter(body, text);
  for (const statement of body) {
    if (statement.type !== "ImportDeclaration") continue;
    text.update(statement.start, statement.end, imported(statement) + linesOf(code, statement));
    imports = true;
  }
  return { code: isAsync ? asAsync(body, text) : asScript(body, text), map, isAsync, imports };
}

type Statement = Program["body"][number];
type Import = Extract<Statement, { type: "ImportDeclaration" }>;

/** Removing types can leave `export {}`. */
function isEmptyExport(statement: Statement, text: MagicString): boolean {
  if (!statement.type.startsWith("Export")) return false;
  if (statement.type !== "ExportNamedDeclaration" || statement.specifiers.length > 0 || statement.declaration)
    throw new SyntaxError("Cannot export from a prompt; later inputs can use all that is declared");
  text.remove(statement.start, statement.end);
  return true;
}

/** Replaces `import` in code that is not a module. */
function useImporter(body: readonly Statement[], text: MagicString): boolean {
  let used = false;
  visit(body, (node: Node & { readonly start?: number; readonly end?: number; readonly meta?: { name: string } }) => {
    const { type, start = 0, end = 0 } = node;
    if (type === "ImportExpression") text.update(start, start + "import".length, `${IMPORTER}.load`);
    else if (type === "MetaProperty" && node.meta?.name === "import") text.update(start, end, `${IMPORTER}.meta`);
    else return;
    used = true;
  });
  return used;
}

/** The line ends in a part of a text, for a replacement with as many lines. */
function linesOf(text: string, { start, end }: { readonly start: number; readonly end: number }): string {
  return "\n".repeat(text.slice(start, end).split("\n").length - 1);
}

function imported({ source, specifiers, attributes }: Import): string {
  const given = attributes.map(({ key, value }) => {
    const name = key.type === "Identifier" ? key.name : key.value;
    return `${JSON.stringify(name)}: ${JSON.stringify(value.value)}`;
  });
  const options = given.length > 0 ? `, { with: { ${given.join(", ")} } }` : "";
  const module = `await ${IMPORTER}.load(${JSON.stringify(source.value)}${options})`;
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

/** Makes declarations global: in a script only `var`s are, and `const`s and classes could not be declared again. */
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
