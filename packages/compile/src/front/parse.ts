import { type ArrowFunctionExpression, type Function as FunctionNode, parseSync } from "oxc-parser";

/** A function as its source shows it. */
export interface ParsedFunction {
  readonly source: string;
  readonly node: ArrowFunctionExpression | FunctionNode;
}

/** The longest source that is parsed, in characters. The parser uses the stack. */
const LONGEST = 65_536;

/** Why a function has no source to compile. */
export type Unparsed = "native" | "asynchronous" | "tooLongSource" | "unknownFunction";

/** Parses a function. A bound or built-in function has no source. */
export function parseFunction(fn: Function): ParsedFunction | Unparsed {
  const text = Function.prototype.toString.call(fn);
  if (text.length > LONGEST) return "tooLongSource";
  if (/\{\s*\[native code\]\s*\}$/.test(text)) return "native";
  // A method's source is one only within an object.
  const parsed = expressionIn(`(${text})`, "(") ?? expressionIn(`({${text}})`, "({");
  if (!parsed) return "unknownFunction";
  return parsed.node.async || parsed.node.generator ? "asynchronous" : parsed;
}

function expressionIn(source: string, before: string): ParsedFunction | undefined {
  const { program, errors } = parseSync("function.js", source, { sourceType: "script", preserveParens: false });
  const [statement] = program.body;
  if (errors.length > 0 || statement?.type !== "ExpressionStatement") return undefined;
  let found: unknown = statement.expression;
  if (before === "({") {
    const [property] = statement.expression.type === "ObjectExpression" ? statement.expression.properties : [];
    found = property?.type === "Property" ? property.value : undefined;
  }
  const node = found as ParsedFunction["node"] | undefined;
  const isFunction = node?.type === "ArrowFunctionExpression" || node?.type === "FunctionExpression";
  return isFunction ? { source, node } : undefined;
}
