import { fail, NotMangled, State } from "./state.js";

/** https://doc.rust-lang.org/rustc/symbol-mangling/v0.html */
const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};

const HIDDEN: Readonly<Record<string, string>> = { C: "closure", S: "shim" };

/** Demangles a name of Rust's v0 scheme, without hashes and lifetimes; undefined if it is no such name. */
export function demangleRustV0(name: string): string | undefined {
  const suffix = name.search(/[.$]/);
  const reader = new Reader(suffix < 0 ? name : name.slice(0, suffix));
  try {
    return reader.symbol();
  } catch (error) {
    if (error instanceof NotMangled) return undefined;
    throw error;
  }
}

class Reader {
  readonly #state: State;

  constructor(name: string) {
    this.#state = new State(name);
  }

  symbol(): string {
    this.#state.expect("_R");
    const path = this.#path(true);
    // The crate that instantiated it.
    if (this.#state.at < this.#state.text.length) this.#path(true);
    return this.#state.at === this.#state.text.length ? path : fail();
  }

  /** @param value whether it is a value, not a type: then `::` precedes its arguments */
  #path(value: boolean): string {
    return this.#bounded(() => {
      const state = this.#state;
      switch (state.slice(1)) {
        case "C":
          this.#disambiguator();
          return this.#identifier();
        case "M":
          this.#implementation();
          return `<${this.#type()}>`;
        case "X":
          this.#implementation();
          return `<${this.#type()} as ${this.#path(false)}>`;
        case "Y":
          return `<${this.#type()} as ${this.#path(false)}>`;
        case "N": {
          const space = state.slice(1);
          const outer = this.#path(value);
          const number = this.#disambiguator();
          const name = this.#identifier();
          if (/[a-z]/.test(space)) return name === "" ? outer : `${outer}::${name}`;
          return `${outer}::{${HIDDEN[space] ?? space}${name === "" ? "" : `:${name}`}#${number}}`;
        }
        case "I": {
          const path = this.#path(value);
          const args = state.untilEnd(() => this.#argument()).filter((one) => one !== "");
          return args.length > 0 ? `${path}${value ? "::" : ""}<${args.join(", ")}>` : path;
        }
        case "B":
          return this.#reference(() => this.#path(value));
        default:
          return fail();
      }
    });
  }

  /** Skips the path of an implementation, which tells a reader nothing. */
  #implementation(): void {
    this.#disambiguator();
    this.#path(false);
  }

  /** A generic argument. Lifetimes are left out. */
  #argument(): string {
    if (this.#lifetime()) return "";
    return this.#state.take("K") ? this.#constant() : this.#type();
  }

  #lifetime(): boolean {
    if (!this.#state.take("L")) return false;
    this.#base62();
    return true;
  }

  #type(): string {
    return this.#bounded(() => {
      const state = this.#state;
      const code = state.slice(1);
      const basic = BASIC_TYPES[code];
      if (basic !== undefined) return basic;
      switch (code) {
        case "A":
          return `[${this.#type()}; ${this.#constant()}]`;
        case "S":
          return `[${this.#type()}]`;
        case "T": {
          const types = state.untilEnd(() => this.#type());
          return `(${types.join(", ")}${types.length === 1 ? "," : ""})`;
        }
        case "R":
        case "Q":
          this.#lifetime();
          return `&${code === "Q" ? "mut " : ""}${this.#type()}`;
        case "P":
          return `*const ${this.#type()}`;
        case "O":
          return `*mut ${this.#type()}`;
        case "F":
          return this.#functionType();
        case "D":
          return this.#dynamic();
        case "B":
          return this.#reference(() => this.#type());
        default:
          state.at--;
          return this.#path(false);
      }
    });
  }

  #functionType(): string {
    const state = this.#state;
    this.#binder();
    const unsafe = state.take("U") ? "unsafe " : "";
    let abi = "";
    if (state.take("K")) abi = `extern "${state.take("C") ? "C" : this.#identifier().replaceAll("_", "-")}" `;
    const parameters = state.untilEnd(() => this.#type()).join(", ");
    const result = this.#type();
    return `${unsafe}${abi}fn(${parameters})${result === "()" ? "" : ` -> ${result}`}`;
  }

  #dynamic(): string {
    const state = this.#state;
    this.#binder();
    const traits = state.untilEnd(() => {
      const trait = this.#path(false);
      const bindings: string[] = [];
      while (state.take("p")) bindings.push(`${this.#identifier()} = ${this.#type()}`);
      if (bindings.length === 0) return trait;
      return trait.endsWith(">")
        ? `${trait.slice(0, -1)}, ${bindings.join(", ")}>`
        : `${trait}<${bindings.join(", ")}>`;
    });
    this.#lifetime();
    return `dyn ${traits.join(" + ")}`;
  }

  #binder(): void {
    if (this.#state.take("G")) this.#base62();
  }

  /** A constant: a number, a character or a boolean. Others are rare and not supported. */
  #constant(): string {
    return this.#bounded(() => {
      const state = this.#state;
      if (state.take("B")) return this.#reference(() => this.#constant());
      if (state.take("p")) return "_";
      const code = state.slice(1);
      const negative = state.take("n");
      const digits = /^[0-9a-f]*_/.exec(state.text.slice(state.at, state.at + 40))?.[0] ?? fail();
      state.at += digits.length;
      const value = digits === "_" ? 0n : BigInt(`0x${digits.slice(0, -1)}`);
      if (code === "b") return value === 0n ? "false" : "true";
      if (code === "c") return value <= 0x10ffffn ? `'${String.fromCodePoint(Number(value))}'` : fail();
      if (!/[ahijlmnostxy]/.test(code)) return fail();
      return `${negative ? "-" : ""}${value}`;
    });
  }

  /** A back reference, counted from after `_R`. */
  #reference(read: () => string): string {
    const state = this.#state;
    const from = state.at - 1;
    const to = this.#base62() + 2;
    const back = state.at;
    if (to >= from) return fail();
    state.at = to;
    const text = read();
    state.at = back;
    return text;
  }

  #bounded(read: () => string): string {
    return this.#state.nested(() => this.#state.part(read()).left);
  }

  /** The disambiguator of equal names; 0 if there is none. */
  #disambiguator(): number {
    return this.#state.take("s") ? this.#base62() + 1 : 0;
  }

  /** `_` is 0, `0_` is 1. */
  #base62(): number {
    const digits =
      /^[0-9a-zA-Z]{0,16}_/.exec(this.#state.text.slice(this.#state.at, this.#state.at + 17))?.[0] ?? fail();
    this.#state.at += digits.length;
    if (digits === "_") return 0;
    const digit = (char: string): number =>
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".indexOf(char);
    return Array.from(digits.slice(0, -1)).reduce((value, char) => value * 62 + digit(char), 0) + 1;
  }

  #identifier(): string {
    const state = this.#state;
    const unicode = state.take("u");
    // A length of 0 is only one digit: the next digit belongs to another number.
    const digits = state.take("0") ? "0" : state.digits();
    if (digits === "") return fail();
    state.take("_");
    const text = state.slice(Number(digits));
    return unicode ? punycode(text) : text;
  }
}

/** RFC 3492, with `_` for `-`. */
function punycode(text: string): string {
  const delimiter = text.lastIndexOf("_");
  const output = Array.from(text.slice(0, Math.max(delimiter, 0)), (char) => char.codePointAt(0)!);
  let code = 128;
  let bias = 72;
  let index = 0;
  let first = true;
  for (let at = delimiter + 1; at < text.length;) {
    const before = index;
    for (let weight = 1, k = 36; ; k += 36) {
      const digit = "abcdefghijklmnopqrstuvwxyz0123456789".indexOf(text.charAt(at++) || "?");
      if (digit < 0) return fail();
      index += digit * weight;
      const threshold = Math.min(Math.max(k - bias, 1), 26);
      if (digit < threshold) break;
      weight *= 36 - threshold;
      if (weight > 2 ** 31) return fail();
    }
    const length = output.length + 1;
    let delta = Math.floor((index - before) / (first ? 700 : 2));
    delta += Math.floor(delta / length);
    first = false;
    let k = 0;
    for (; delta > 455; k += 36) delta = Math.floor(delta / 35);
    bias = k + Math.floor((36 * delta) / (delta + 38));
    code += Math.floor(index / length);
    index %= length;
    if (code > 0x10ffff) return fail();
    output.splice(index++, 0, code);
  }
  return String.fromCodePoint(...output);
}
