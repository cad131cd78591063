/** Random predicates over the sample record, as source. */

/** A number below a limit. */
export type Random = (below: number) => number;

type Type = "condition" | "number" | "bigint";

/** A piece of source made of others, of which each may be replaced by another of its type. `$0` stands for the first. */
export interface Tree {
  readonly type: Type;
  readonly source: string;
  readonly parts: readonly Tree[];
}

export function sourceOf({ source, parts }: Tree): string {
  return source.replaceAll(/\$(\d)/g, (_, index: string) => sourceOf(parts[Number(index)]!));
}

const INTEGERS = ["small", "port", "flags", "ret", "bytes", "delta"];
const TEXTS = ["comm", "disk", "operation", "remote", "path", "file"];
/** Texts that records often have, whole or in part, and some that they cannot have. */
export const WORDS = [
  ...["", "a", "/", "nginx", "ng", "x", "sda1", "sda1234", "/etc/passwd", "/etc/", "passwd", "read", "write", "flush"],
  ...["é", "😀", "\u{efff}", "\u{d83d}", "a\0b", "127.0.0.1", "::1", "fe80::1", "::0001", "0123456789abcdef"],
  "/usr/lib/x86_64-linux-gnu/a-name-of-more-than-sixty-four-bytes.so.6",
];
export const NUMBERS = [
  ...[0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 100, 127, 128, 255, 256, 443, 1000, 65_535, 65_536, 1e6],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 53 - 1],
];

const COMPARISONS = ["<", "<=", ">", ">=", "===", "!==", "==", "!="];
const BITWISE = ["&", "|", "^", "<<", ">>", ">>>"];

/** Makes predicates. */
export class Expressions {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  condition(depth: number): Tree {
    if (depth <= 0) return this.#comparison(0);
    const inner = (): Tree => this.condition(depth - 1);
    switch (this.#random(16)) {
      case 0:
      case 1:
      case 2:
        return tree("condition", "($0 && $1)", inner(), inner());
      case 3:
      case 4:
      case 5:
        return tree("condition", "($0 || $1)", inner(), inner());
      case 6:
        return tree("condition", "!$0", inner());
      case 7:
        return tree("condition", "($0 ? $1 : $2)", inner(), inner(), inner());
      case 8:
        return tree("condition", `(Boolean($0) ${this.#pick(["===", "!=="])} Boolean($1))`, inner(), inner());
      case 9:
        return this.#statements(depth - 1);
      case 10:
        return tree("condition", "Boolean($0)", this.number(depth - 1));
      case 11:
      case 12:
        return this.#text();
      default:
        return this.#comparison(depth - 1);
    }
  }

  #comparison(depth: number): Tree {
    const op = this.#pick(COMPARISONS);
    switch (this.#random(6)) {
      case 0:
        return this.#text();
      case 1:
        return tree("condition", this.#pick(["e.cut", "!e.cut", "(e.cut === true)"]));
      case 2:
        return tree("condition", `($0 ${op} $1)`, this.bigint(depth), this.bigint(depth));
      case 3: {
        const fraction = this.#pick(["", " / 3", " + 0.5", " * 1.1", " / 0"]);
        return tree("condition", `($0 ${op} ${this.#constant()}${fraction})`, this.number(depth));
      }
      default:
        return tree("condition", `($0 ${op} $1)`, this.number(depth), this.number(depth));
    }
  }

  /** A function's body in place of an expression: statements of all kinds that are compiled. */
  #statements(depth: number): Tree {
    const [n, word] = [this.#constant(), JSON.stringify(this.#pick(WORDS))];
    const body = this.#pick([
      `if ($0) return $1 > ${n}; return $2 || $3;`,
      `let n = $1; if ($0) n = ${n}; else if ($2) { return $3; } return n === ${n};`,
      `for (const name of ["x", ${word}, "nginx"]) { if (e.comm === name) return $0; if (name === "x") continue; if ($2) break; } return false;`,
      `switch ($1) { case ${n}: return $0; case 1: case 2: { const t = $2; return t; } default: return e.ret < 0; }`,
      `switch ($1 % 3) { case 0: if ($0) break; case 1: return $2; } return $3;`,
      `let s = 0; for (let i = 0; i < 3; i++) { s += i; if ($0) s += 2; } return s > 4 && $1 !== s;`,
      `const is = (x) => x === ${n} && $0; const { ret, port: p } = e; return is(ret) || is(p) || $2 && $1 > ret;`,
      `return [${n}, 2, 443].includes(e.port) && [1, 2].some((x) => e.small > x && $0);`,
      `const n = $1; if (!(n > ${n})) { return; } return $0;`,
      `let t; return (t = $1) > ${n} && t !== 3 || $0 && t === ${n};`,
      `let t, u; return ((t = $1) === null || t === void 0 ? void 0 : t) > ${n} && ($0 ? (u = $1) : (u = 2)) > 1 && u !== 5;`,
      `let t = 1; if ($0 && (t = $1) > 2) return t > 3; return t === 1;`,
      `let t = 1; const f = () => { t = 5; return true; }; return (t = $1) > 2 && f() && t > 6;`,
      `let t = 1; return ($0 && (t = $1) > 2 || t === 1) && (t = 9) > 8 && t > e.small;`,
      `let t = 1; return [1, 2].some((n) => n > e.small || (t = n) > 1) && t === 1;`,
      `let n = $1; { let n = 5; n++; if ($0) return n > e.small; } n -= 1; return n < ${n};`,
    ]);
    const inner = (): Tree => this.condition(depth - 1);
    return tree("condition", `((e) => { ${body} })(e)`, inner(), this.number(depth - 1), inner(), inner());
  }

  #text(): Tree {
    const field = this.#pick(TEXTS);
    const word = JSON.stringify(this.#pick(WORDS));
    return tree(
      "condition",
      this.#pick([
        `(e.${field} === ${word})`,
        `(e.${field} != ${word})`,
        `(${word} === e.${field})`,
        `e.${field}.startsWith(${word})`,
        `e.${field}.endsWith(${word})`,
        `e.${field}.includes(${word})`,
        `[${word}, "x", "nginx", 3].includes(e.${field})`,
        `Boolean(e.${field})`,
        `((e.cut ? e.${field} : "x") === ${word})`,
        `(e.${field} || "x").startsWith(${word})`,
      ]),
    );
  }

  number(depth: number): Tree {
    const known = this.#constant();
    const inner = (): Tree => this.number(depth - 1);
    if (depth <= 0 || this.#random(4) === 0)
      return tree("number", this.#random(4) === 0 ? known : `e.${this.#pick(INTEGERS)}`);
    switch (this.#random(9)) {
      case 0:
      case 1:
        return tree("number", `($0 ${this.#pick(["+", "-", "*", "%"])} $1)`, inner(), inner());
      case 2:
        return tree("number", `($0 ${this.#pick(["+", "-", "*", "/", "%"])} ${known})`, inner());
      case 3:
        return tree("number", `Math.${this.#pick(["trunc", "floor", "ceil", "round"])}($0 / ${known})`, inner());
      case 4:
        return tree("number", `($0 ${this.#pick(BITWISE)} $1)`, inner(), inner());
      case 5:
        return tree("number", `($0 ${this.#pick(BITWISE)} ${known})`, inner());
      case 6:
        return tree("number", this.#pick(["(- $0)", "~$0", "Math.abs($0)", "Number($0)"]), inner());
      case 7:
        return tree("number", `Math.${this.#pick(["min", "max"])}($0, $1)`, inner(), inner());
      default:
        return tree("number", "($0 ? $1 : $2)", this.condition(depth - 1), inner(), inner());
    }
  }

  bigint(depth: number): Tree {
    const inner = (): Tree => this.bigint(depth - 1);
    if (depth <= 0 || this.#random(3) === 0)
      return tree("bigint", this.#random(3) === 0 ? `${this.#pick(NUMBERS)}n` : `BigInt(e.${this.#pick(INTEGERS)})`);
    const op = this.#pick(["+", "-", "*", "&", "|", "^"]);
    if (this.#random(2) === 0)
      return tree("bigint", `($0 ${this.#pick(["/", "%", ">>", "<<", op])} ${1 + this.#random(60)}n)`, inner());
    return tree("bigint", `($0 ${op} $1)`, inner(), inner());
  }

  #constant(): string {
    const number = this.#pick(NUMBERS);
    return this.#random(4) === 0 ? `(-${number})` : String(number);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)]!;
  }
}

function tree(type: Type, source: string, ...parts: readonly Tree[]): Tree {
  return { type, source, parts };
}

/** Simpler trees of the same type. */
export function* simpler(given: Tree): Generator<Tree> {
  const constants = { condition: ["true", "false"], number: ["0", "1"], bigint: ["0n", "1n"] }[given.type];
  if (given.parts.length > 0) for (const constant of constants) yield tree(given.type, constant);
  for (const part of given.parts) if (part.type === given.type) yield part;
  for (const [index, part] of given.parts.entries())
    for (const one of simpler(part)) yield { ...given, parts: given.parts.with(index, one) };
}
