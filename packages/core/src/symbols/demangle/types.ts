import { parseExpression, parseLiteral } from "./expressions.js";
import {
  parameterList,
  parseName,
  parseQualifiers,
  parseSourceName,
  parseSubstitution,
  withArguments,
} from "./names.js";
import { fail, list, type Part, type State, textOf } from "./state.js";
import { BUILTIN_TYPES } from "./tables.js";

export function parseType(state: State): Part {
  return state.nested(() => {
    const first = state.peek();
    const builtin = BUILTIN_TYPES[first] ?? (first === "D" ? BUILTIN_TYPES[first + state.peek(1)] : undefined);
    if (builtin !== undefined) {
      state.at += first === "D" ? 2 : 1;
      return state.part(builtin);
    }
    if (first === "S" && state.peek(1) !== "t") {
      const part = parseSubstitution(state);
      return state.peek() === "I" ? state.remember(withArguments(state, part)) : part;
    }
    if (first === "D" && state.peek(1) === "p") {
      state.at += 2;
      return state.remember(parsePackExpansion(state));
    }
    return state.remember(parseCompound(state, first));
  });
}

function parseCompound(state: State, first: string): Part {
  switch (first) {
    case "r":
    case "V":
    case "K": {
      const qualifiers = parseQualifiers(state);
      return state.map(parseType(state), (one) =>
        one.shape === "function"
          ? state.part(one.left, one.right + qualifiers, { shape: one.shape })
          : state.part(one.left.endsWith(qualifiers) ? one.left : one.left + qualifiers, one.right, {
              shape: one.shape,
            }),
      );
    }
    case "P":
      state.at++;
      return state.map(parseType(state), (one) => declare(state, one, "*"));
    case "R":
    case "O":
      state.at++;
      return state.map(parseType(state), (one) => refer(state, one, first === "R" ? "&" : "&&"));
    case "C":
    case "G":
      state.at++;
      return after(state, parseType(state), first === "C" ? " _Complex" : " _Imaginary");
    case "U": {
      state.at++;
      const qualifier = parseSourceName(state);
      const args = state.peek() === "I" ? `<${list(parseTemplateArguments(state))}>` : "";
      return after(state, parseType(state), ` ${qualifier}${args}`);
    }
    case "F":
      return parseFunction(state, "");
    case "A":
      return parseArray(state);
    case "M":
      return parseMember(state);
    case "T": {
      if (/T[sue]/.test(first + state.peek(1))) state.at += 2;
      else {
        const parameter = parseTemplateParameter(state);
        const applied = state.peek() === "I" && !state.converting;
        return applied ? withArguments(state, state.remember(parameter)) : parameter;
      }
      return parseName(state).part;
    }
    case "D":
      return parseD(state);
    case "u":
      state.at++;
      return state.part(parseSourceName(state));
    default:
      return parseName(state).part;
  }
}

function after(state: State, part: Part, text: string): Part {
  return state.map(part, (one) => state.part(one.left + text, one.right, { shape: one.shape }));
}

/** A pointer or reference: what it leads to stands around it. */
function declare(state: State, to: Part, sign: string, reference?: "&" | "&&"): Part {
  if (to.shape === undefined) return state.part(to.left + sign, to.right, { reference });
  const gap = to.right.startsWith(" ") ? " " : "";
  const right = to.shape === "function" ? to.right.trimStart() : to.right;
  return state.part(`${to.left}${gap}(${sign}`, `)${right}`, { reference });
}

/** A reference to a reference is one, to an rvalue only where both are. */
function refer(state: State, to: Part, reference: "&" | "&&"): Part {
  if (to.reference === undefined) return declare(state, to, reference, reference);
  if (to.reference === reference || reference === "&&") return to;
  return state.part(to.left.slice(0, -1), to.right, { reference });
}

/** @param noexcept what is said of exceptions after the parameters */
function parseFunction(state: State, noexcept: string): Part {
  state.expect("F");
  state.take("Y");
  const result = parseType(state);
  let qualifiers = "";
  const parameters: Part[] = [];
  while (!state.take("E")) {
    if (state.take("RE")) qualifiers = " &";
    else if (state.take("OE")) qualifiers = " &&";
    else parameters.push(parseType(state));
    if (qualifiers !== "") break;
  }
  return state.spread([result, ...parameters], ([returns, ...all]) => {
    const gap = returns!.right === "" ? " " : "";
    const right = `${gap}${parameterList(all)}${qualifiers}${noexcept}${returns!.right}`;
    return state.part(returns!.left, right, { shape: "function" });
  });
}

function parseArray(state: State): Part {
  state.expect("A");
  const size = state.peek() === "_" ? "" : state.digits() || textOf(parseExpression(state));
  state.expect("_");
  return state.map(parseType(state), (one) => {
    const inner = one.shape === "array" ? one.right.trimStart() : one.right;
    return state.part(one.left, ` [${size}]${inner}`, { shape: "array" });
  });
}

function parseMember(state: State): Part {
  state.expect("M");
  const owner = parseType(state);
  return state.spread([owner, parseType(state)], ([one, member]) => {
    const pointer = `${textOf(one!)}::*`;
    return member!.shape === "function"
      ? state.part(`${member!.left} (${pointer}`, `)${member!.right.trimStart()}`)
      : state.part(`${member!.left} ${pointer}`, member!.right);
  });
}

/** What begins with D and is no builtin type. */
function parseD(state: State): Part {
  const second = state.peek(1);
  if (second === "t" || second === "T") return parseDecltype(state);
  state.at += 2;
  switch (second) {
    case "o":
      return parseFunction(state, " noexcept");
    case "O": {
      const condition = textOf(parseExpression(state));
      state.expect("E");
      return parseFunction(state, ` noexcept(${condition})`);
    }
    case "x":
      return parseFunction(state, " transaction_safe");
    case "v": {
      const size = state.digits() || textOf(parseExpression(state));
      state.expect("_");
      return after(state, parseType(state), ` __vector(${size})`);
    }
    case "F": {
      const bits = state.digits();
      if (!state.take("x")) state.expect("_");
      return state.part(`_Float${bits}`);
    }
    default:
      return fail();
  }
}

export function parseDecltype(state: State): Part {
  state.at += 2;
  const expression = textOf(parseExpression(state));
  state.expect("E");
  return state.part(`decltype (${expression})`);
}

/** A pattern for each of a pack. */
function parsePackExpansion(state: State): Part {
  const pattern = parseType(state);
  if (!pattern.open) return pattern.pack ? pattern : after(state, pattern, "...");
  return state.part("", "", { pack: pattern.pack });
}

export function parseTemplateParameter(state: State): Part {
  state.expect("T");
  const digits = state.digits();
  state.expect("_");
  return templateParameter(state, digits === "" ? 0 : Number(digits) + 1);
}

export function templateParameter(state: State, parameter: number): Part {
  if (state.lambdas > 0) return state.part(`auto:${parameter + 1}`, "", { parameter });
  const argument = state.templateArguments?.[parameter] ?? fail();
  if (argument.pack) return state.part("", "", { pack: argument.pack, open: true, parameter });
  return { ...argument, parameter };
}

export function parseTemplateArguments(state: State): Part[] {
  state.expect("I");
  return state.nested(() => state.untilEnd(() => parseTemplateArgument(state)));
}

function parseTemplateArgument(state: State): Part {
  if (state.take("J")) return state.part("", "", { pack: state.untilEnd(() => parseTemplateArgument(state)) });
  if (state.peek() === "L") return parseLiteral(state);
  if (!state.take("X")) return parseType(state);
  const expression = parseExpression(state);
  state.expect("E");
  return expression;
}
