import { parseEncoding, parseSourceName, withArguments } from "./names.js";
import { fail, list, type Part, type State, textOf } from "./state.js";
import { LITERAL_ENDS, OPERATORS } from "./tables.js";
import { parseTemplateParameter, parseType } from "./types.js";

const CASTS: Readonly<Record<string, string>> = {
  cc: "const_cast",
  dc: "dynamic_cast",
  rc: "reinterpret_cast",
  sc: "static_cast",
};

/** What stands for a value in a type, as in `decltype (x)`. Of those that are rare some are not read. */
export function parseExpression(state: State): Part {
  return state.nested(() => {
    const bare = BARE.test(state.text.slice(state.at, state.at + 2));
    return state.part(parseText(state), "", { bare });
  });
}

/** What begins so is a name or a list, and stands without brackets. */
const BARE = /^(?:\d|sr|fp|fL|il|on)/;

function parseText(state: State): string {
  if (state.peek() === "L") return textOf(parseLiteral(state));
  if (state.peek() === "T") return textOf(parseTemplateParameter(state));
  if (/[0-9]/.test(state.peek())) return parseUnresolved(state);
  const code = state.slice(2);
  const operand = (): string => bracketed(parseExpression(state));
  if (CASTS[code] !== undefined)
    return `${CASTS[code]}<${textOf(parseType(state))}>(${textOf(parseExpression(state))})`;
  switch (code) {
    case "fp": {
      if (state.take("T")) return "this";
      const digits = state.digits();
      state.expect("_");
      return `{parm#${digits === "" ? 1 : Number(digits) + 2}}`;
    }
    case "sr": {
      const levels: string[] = [];
      const nested = state.take("N");
      if (nested || !/[0-9]/.test(state.peek())) levels.push(textOf(parseType(state)));
      if (nested || levels.length === 0) levels.push(...state.untilEnd(() => parseUnresolved(state)));
      return [...levels, parseUnresolved(state)].join("::");
    }
    case "on":
      return `operator${OPERATORS[state.slice(2)]?.[0] ?? fail()}`;
    case "sZ":
      return String(parseTemplateParameter(state).pack?.length ?? fail());
    case "st":
    case "at":
      return `${code === "st" ? "sizeof" : "alignof"} (${textOf(parseType(state))})`;
    case "sz":
      return `sizeof ${operand()}`;
    case "sp":
      return `${operand()}...`;
    case "cl": {
      const called = bracketed(parseExpression(state));
      return `${called}(${list(state.untilEnd(() => parseExpression(state)))})`;
    }
    case "cv": {
      const type = textOf(parseType(state));
      if (state.take("_")) return `(${type})(${list(state.untilEnd(() => parseExpression(state)))})`;
      return `(${type})${operand()}`;
    }
    case "il":
      return `{${list(state.untilEnd(() => parseExpression(state)))}}`;
    case "tl":
      return `${textOf(parseType(state))}{${list(state.untilEnd(() => parseExpression(state)))}}`;
    case "dt":
    case "pt": {
      const object = operand();
      return `${object}${code === "dt" ? "." : "->"}${parseUnresolved(state)}`;
    }
    default:
      return parseOperation(state, code);
  }
}

function parseOperation(state: State, code: string): string {
  const [sign, operands] = OPERATORS[code] ?? fail();
  const operand = (): string => bracketed(parseExpression(state));
  if (code === "ad" && state.looksAt("L")) return `&${textOf(parseLiteral(state))}`;
  if (operands === 1) return `${sign}${operand()}`;
  if (operands === 3 && code !== "qu") return fail();
  const first = operand();
  if (operands === 3) return `${first}?${operand()} : ${operand()}`;
  if (code === "ix") return `${first}[${textOf(parseExpression(state))}]`;
  const text = `${first}${sign}${operand()}`;
  // It would end the template's arguments.
  return code === "gt" ? `(${text})` : text;
}

function bracketed(part: Part): string {
  return part.bare ? textOf(part) : `(${textOf(part)})`;
}

/** A name that is only found when the type is known. */
function parseUnresolved(state: State): string {
  const name = state.part(parseSourceName(state));
  return textOf(state.peek() === "I" ? withArguments(state, name) : name);
}

/** A value, or the address of what has a name. */
export function parseLiteral(state: State): Part {
  state.expect("L");
  if (state.take("_Z") || state.take("Z")) {
    const encoding = parseEncoding(state, "name");
    state.expect("E");
    return state.part(encoding);
  }
  const code = state.peek();
  const type = textOf(parseType(state));
  const from = state.at;
  while (state.at < state.text.length && state.peek() !== "E") state.at++;
  const digits = state.text.slice(from, state.at).replace(/^n/, "-");
  state.expect("E");
  if (code === "b" && digits === "0") return state.part("false");
  if (code === "b" && digits === "1") return state.part("true");
  if (type === "decltype(nullptr)") return state.part(digits === "" ? "nullptr" : `(${type})${digits}`);
  const end = LITERAL_ENDS[code];
  return state.part(end === undefined ? `(${type})${digits}` : `${digits}${end}`);
}
