import type { ParsedFunction } from "./parse.js";

/** What a function assigns to after it was declared, by name. */
export interface Assignments {
  /** In it, or in functions within. All other variables keep their values. */
  readonly names: ReadonlySet<string>;
  /** In the middle of an expression, as compilers do for `?.` and `??`. */
  readonly inside: ReadonlySet<string>;
  /** In a function that does not declare it, so that it is not known when. */
  readonly fromWithin: ReadonlySet<string>;
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

export function assignmentsIn(fn: ParsedFunction["node"]): Assignments {
  const found = { names: new Set<string>(), inside: new Set<string>(), fromWithin: new Set<string>() };

  const look = (node: Node, declared: ReadonlySet<string>, isStatement: boolean): void => {
    if (isFunction(node)) declared = declarationsIn(node);
    if (node.type === "AssignmentExpression" || node.type === "UpdateExpression") {
      const target = (node["left"] ?? node["argument"]) as Node;
      for (const name of namesIn(target)) {
        found.names.add(name);
        if (!declared.has(name)) found.fromWithin.add(name);
        else if (!isStatement) found.inside.add(name);
      }
    }
    for (const [key, one] of childrenOf(node)) {
      const isOwn =
        node.type === "ExpressionStatement" || (node.type === "ForStatement" && (key === "init" || key === "update"));
      look(one, declared, isOwn);
    }
  };
  look(fn as unknown as Node, new Set(), false);
  return found;
}

/** The names that a function declares: its parameters and variables, but not those of functions within. */
function declarationsIn(fn: Node): ReadonlySet<string> {
  const names = new Set<string>();
  const look = (node: Node): void => {
    if (node.type === "VariableDeclarator") for (const name of namesIn(node["id"] as Node)) names.add(name);
    if (node.type === "FunctionDeclaration" && node !== fn)
      for (const name of namesIn(node["id"] as Node)) names.add(name);
    if (node !== fn && isFunction(node)) return;
    for (const [, one] of childrenOf(node)) look(one);
  };
  for (const parameter of fn["params"] as readonly Node[]) for (const name of namesIn(parameter)) names.add(name);
  look(fn);
  return names;
}

/** The names in a pattern. Names in its default values are among them, which makes no difference but caution. */
function namesIn(pattern: Node): string[] {
  if (pattern.type === "Identifier") return [pattern["name"] as string];
  if (pattern.type === "MemberExpression") return [];
  return childrenOf(pattern).flatMap(([, one]) => namesIn(one));
}

function isFunction({ type }: Node): boolean {
  return type === "ArrowFunctionExpression" || type === "FunctionExpression" || type === "FunctionDeclaration";
}

function childrenOf(node: Node): [key: string, child: Node][] {
  return Object.entries(node).flatMap(([key, value]) =>
    [value].flat().flatMap((one): [string, Node][] => (isNode(one) ? [[key, one]] : [])),
  );
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { readonly type?: unknown }).type === "string";
}
