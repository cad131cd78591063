import { fail, list, type Part, type State, textOf } from "./state.js";
import { ABBREVIATIONS, OPERATORS, SPECIAL } from "./tables.js";
import {
  parseDecltype,
  parseTemplateArguments,
  parseTemplateParameter,
  parseType,
  templateParameter,
} from "./types.js";

/** What a name says besides its text, of the function that has it. */
interface Name {
  readonly part: Part;
  /** Whether it ends with template arguments: only then does the function's type begin with what it returns. */
  readonly template: boolean;
  /** Whether the function returns nothing that a name would say: constructors and conversions. */
  readonly returnless: boolean;
  /** ` const`, ` &`: of a member function. */
  readonly qualifiers: string;
}

/**
 * A function or variable.
 * @param say of a function all, or not what it returns, or only its name
 */
export function parseEncoding(state: State, say: "all" | "parameters" | "name" = "all"): string {
  return state.nested(() => {
    const special = SPECIAL[state.peek() + state.peek(1)] ?? "";
    if (special !== "") {
      state.at += 2;
      const named = special.startsWith("TLS") || special.startsWith("guard");
      return special + textOf(named ? parseName(state, true).part : parseType(state));
    }
    if (state.peek() === "T") return parseThunk(state);
    if (state.take("TC")) {
      const whole = textOf(parseType(state));
      state.digits();
      state.expect("_");
      return `construction vtable for ${textOf(parseType(state))}-in-${whole}`;
    }
    if (state.take("GR")) {
      const name = textOf(parseName(state, true).part);
      const number = state.digits();
      state.expect("_");
      return `reference temporary #${number === "" ? 0 : Number(number) + 1} for ${name}`;
    }
    if (state.take("GTt")) return `transaction clone for ${parseEncoding(state)}`;
    const name = parseName(state, true);
    if (atEnd(state)) return textOf(name.part);
    const result = name.template && !name.returnless ? parseType(state) : undefined;
    const parameters: Part[] = [];
    while (!atEnd(state)) parameters.push(parseType(state));
    if (say === "name") return textOf(name.part);
    const text = `${textOf(name.part)}${parameterList(parameters)}${name.qualifiers}`;
    const { left, right } = result && say === "all" ? result : { left: "", right: "" };
    const gap = left === "" || left.endsWith("(*") ? "" : " ";
    return textOf(state.part(`${left}${gap}${text}`, right));
  });
}

export function parameterList(parameters: readonly Part[]): string {
  const text = list(parameters);
  return text === "void" ? "()" : `(${text})`;
}

function atEnd(state: State): boolean {
  return state.at === state.text.length || state.peek() === "E" || state.peek() === ".";
}

/** Code that corrects `this` before it goes to a virtual function. */
function parseThunk(state: State): string {
  state.expect("T");
  const kind = state.slice(1);
  const offset = (): void => {
    const virtual = state.take("v");
    if (!virtual) state.expect("h");
    for (let numbers = virtual ? 2 : 1; numbers > 0; numbers--) {
      state.take("n");
      state.digits();
      state.expect("_");
    }
  };
  if (kind === "c") {
    offset();
    offset();
    return `covariant return thunk to ${parseEncoding(state)}`;
  }
  if (kind !== "h" && kind !== "v") return fail();
  state.at--;
  offset();
  return `${kind === "h" ? "non-virtual" : "virtual"} thunk to ${parseEncoding(state)}`;
}

/** @param own whether its template arguments are those that T_ refers to, in the type of the function that has it */
export function parseName(state: State, own = false): Name {
  const first = state.peek();
  if (first === "N") return parseNested(state, own);
  if (first === "Z") return parseLocal(state, own);
  if (first === "S" && state.peek(1) !== "t") {
    const part = parseSubstitution(state);
    return { part: withArguments(state, part, own), template: true, returnless: false, qualifiers: "" };
  }
  const std = state.take("St") ? "std::" : "";
  const { text, base, returnless } = parseUnqualified(state, undefined);
  let part = state.part(std + text, "", { base });
  const template = state.peek() === "I";
  if (template) part = withArguments(state, state.remember(part), own);
  return { part, template, returnless, qualifiers: "" };
}

/** A name with template arguments after it. */
export function withArguments(state: State, name: Part, own = false): Part {
  const parts = parseTemplateArguments(state);
  if (own) state.templateArguments = parts;
  return state.spread([name, ...parts], ([one, ...args]) => {
    const name = textOf(one!);
    const inner = list(args);
    // Two such signs in a row would be an operator's.
    const text = `${name}${name.endsWith("<") ? " " : ""}<${inner}${inner.endsWith(">") ? " " : ""}>`;
    return state.part(text, "", { base: one!.base });
  });
}

function parseNested(state: State, own: boolean): Name {
  state.expect("N");
  let qualifiers = parseQualifiers(state);
  if (state.take("R")) qualifiers += " &";
  else if (state.take("O")) qualifiers += " &&";
  let part: Part | undefined;
  let template = false;
  let returnless = false;
  let remembered = false;
  while (!state.take("E")) {
    const next = state.peek();
    state.take("M"); // what follows is in the initializer of a member
    template = next === "I";
    remembered = true;
    if (next === "I") part = withArguments(state, part ?? fail(), own);
    else if (next === "S" && state.peek(1) !== "t") {
      part = parseSubstitution(state, true);
      remembered = false;
      continue;
    } else if (next === "S") {
      state.at += 2;
      part = state.part("std");
      continue;
    } else if (next === "T") part = parseTemplateParameter(state);
    else if (next === "D" && (state.peek(1) === "t" || state.peek(1) === "T")) part = parseDecltype(state);
    else {
      const { text, base, returnless: without } = parseUnqualified(state, part?.base);
      returnless = without;
      part = part
        ? state.map(part, (one) => state.part(`${textOf(one)}::${text}`, "", { base }))
        : state.part(text, "", { base });
    }
    state.remember(part);
  }
  // The whole name is no part of itself; where it is a type that is remembered as such.
  if (remembered) state.substitutions.pop();
  return { part: part ?? fail(), template, returnless, qualifiers };
}

/** What is inside a function. */
function parseLocal(state: State, own: boolean): Name {
  state.expect("Z");
  const encoding = parseEncoding(state, "parameters");
  state.expect("E");
  const within = (text: string): Part => state.part(`${encoding}::${text}`);
  if (state.take("s")) {
    parseDiscriminator(state);
    return { part: within("string literal"), template: false, returnless: false, qualifiers: "" };
  }
  let prefix = "";
  if (state.take("d")) prefix = `{default arg#${parseOrdinal(state)}}::`;
  const name = parseName(state, own);
  parseDiscriminator(state);
  const part = state.map(name.part, (one) =>
    state.part(`${encoding}::${prefix}${textOf(one)}`, "", { base: one.base }),
  );
  return { ...name, part };
}

function parseDiscriminator(state: State): void {
  if (state.take("__")) {
    state.digits();
    state.expect("_");
  } else if (state.peek() === "_" && /^_\d/.test(state.text.slice(state.at, state.at + 2))) state.at += 2;
}

/** How parts of the compiler's own are told apart: `_` is the first, `0_` the second. */
function parseOrdinal(state: State): number {
  const digits = state.digits();
  state.expect("_");
  return digits === "" ? 1 : Number(digits) + 2;
}

/** r, V and K before what they belong to: in the text they come after it. */
export function parseQualifiers(state: State): string {
  const restrict = state.take("r") ? " __restrict" : "";
  const volatile = state.take("V") ? " volatile" : "";
  return (state.take("K") ? " const" : "") + volatile + restrict;
}

interface Unqualified {
  readonly text: string;
  readonly base?: string | undefined;
  readonly returnless: boolean;
}

/** @param outer what the class around it calls its constructors */
function parseUnqualified(state: State, outer: string | undefined): Unqualified {
  state.take("F"); // a friend
  state.take("L"); // of one file
  const first = state.peek();
  let text: string;
  let base: string | undefined;
  let returnless = false;
  if (first >= "0" && first <= "9") base = text = parseSourceName(state);
  else if (first === "C" || (first === "D" && state.peek(1) !== "C")) {
    state.at++;
    const inherits = state.take("I");
    if (!/[0-5]/.test(state.slice(1)) || outer === undefined) return fail();
    if (inherits) parseType(state);
    text = first === "C" ? outer : `~${outer}`;
    returnless = true;
  } else if (state.take("DC")) text = `[${state.untilEnd(() => parseSourceName(state)).join(", ")}]`;
  else if (state.take("Ut")) text = `{unnamed type#${parseOrdinal(state)}}`;
  else if (state.take("Ul")) {
    state.lambdas++;
    const parameters = parameterList(state.untilEnd(() => parseType(state)));
    state.lambdas--;
    text = `{lambda${parameters}#${parseOrdinal(state)}}`;
    base = "{lambda}";
  } else ({ text, returnless } = parseOperator(state));
  while (state.take("B")) text += `[abi:${parseSourceName(state)}]`;
  return { text, base, returnless };
}

export function parseSourceName(state: State): string {
  const length = Number(state.digits());
  if (!(length > 0)) return fail();
  const text = state.slice(length);
  return text.startsWith("_GLOBAL__N") ? "(anonymous namespace)" : text;
}

function parseOperator(state: State): Unqualified {
  if (state.take("cv")) return { text: `operator ${textOf(parseConversion(state))}`, returnless: true };
  if (state.take("li")) return { text: `operator"" ${parseSourceName(state)}`, returnless: false };
  const [text] = OPERATORS[state.slice(2)] ?? fail();
  return { text: `operator${/^[a-z]/.test(text) ? " " : ""}${text.trimEnd()}`, returnless: false };
}

/** What a conversion gives may name template arguments that only come after it: those are read first then. */
function parseConversion(state: State): Part {
  const { at, templateArguments, converting } = state;
  const remembered = state.substitutions.length;
  state.converting = true;
  state.lambdas++; // any argument will do
  parseType(state);
  state.lambdas--;
  if (state.peek() === "I") state.templateArguments = parseTemplateArguments(state);
  state.at = at;
  state.substitutions.length = remembered;
  const part = parseType(state);
  state.templateArguments = templateArguments;
  state.converting = converting;
  return part;
}

/** S and what it refers to. @param prefix whether more of the name follows */
export function parseSubstitution(state: State, prefix = false): Part {
  state.expect("S");
  const abbreviation = ABBREVIATIONS[state.peek()];
  if (abbreviation) {
    state.at++;
    const next = state.peek();
    const full = prefix && (next === "C" || next === "D" || next === "B");
    return state.part(full ? abbreviation.full : abbreviation.short, "", { base: abbreviation.base });
  }
  const from = state.at;
  while (/[0-9A-Z]/.test(state.peek())) state.at++;
  const digits = state.text.slice(from, state.at);
  state.expect("_");
  const part = state.substitutions[digits === "" ? 0 : parseInt(digits, 36) + 1] ?? fail();
  return part.parameter === undefined ? part : templateParameter(state, part.parameter);
}
