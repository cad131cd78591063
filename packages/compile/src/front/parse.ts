import { type ArrowFunctionExpression, type Function as FunctionNode, parseSync } from "oxc-parser";

/** A function as its source shows it. */
export interface ParsedFunction {
  readonly source: string;
  /** How many characters stand before the source where it was parsed. */
  readonly shift: number;
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
  const asIs = functionIn(`(${text})`);
  const node = asIs ?? functionIn(`({${text}})`);
  if (!node) return "unknownFunction";
  if (node.async || node.generator) return "asynchronous";
  return { node, source: text, shift: asIs ? 1 : 2 };
}

function functionIn(source: string): ParsedFunction["node"] | undefined {
  const { program, errors } = parseSync("function.js", source, { sourceType: "script", preserveParens: false });
  const [statement] = program.body;
  if (errors.length > 0 || statement?.type !== "ExpressionStatement") return undefined;
  const { expression } = statement;
  const [property] = expression.type === "ObjectExpression" ? expression.properties : [];
  const found = property?.type === "Property" ? property.value : expression;
  const isFunction = found.type === "ArrowFunctionExpression" || found.type === "FunctionExpression";
  return isFunction ? (found as ParsedFunction["node"]) : undefined;
}
