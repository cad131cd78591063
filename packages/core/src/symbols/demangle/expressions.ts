import { fail, type Part, State } from "./state.js";
import { LITERAL_ENDS, OPERATORS } from "./tables.js";

const CASTS: Readonly<Record<string, string>> = {
  cc: "const_cast",
  dc: "dynamic_cast",
  rc: "reinterpret_cast",
  sc: "static_cast",
};

/** An expression that begins like this is a name, a parameter or a braced list, and needs no brackets. */
const BARE = /^(?:\d|sr|fp|fL|il|on)/;

/** Reads expressions and template arguments. Subclasses read the names and types in them. */
export abstract class Expressions extends State {
  abstract type(): Part;
  /** @param say how much of a function to write: everything, everything but the return type, or only the name */
  abstract encoding(say?: "all" | "parameters" | "name"): string;

  /** An expression in a type, as in `decltype (x)`. Some rare ones are not supported. */
  expression(): Part {
    return this.nested(() => {
      const bare = BARE.test(this.text.slice(this.at, this.at + 2));
      return this.part(this.expressionText(), "", { bare });
    });
  }

  expressionText(): string {
    if (this.peek() === "L") return this.textOf(this.literal());
    if (this.peek() === "T") return this.textOf(this.templateParameter());
    if (/[0-9]/.test(this.peek())) return this.unresolved();
    const code = this.slice(2);
    if (CASTS[code] !== undefined)
      return `${CASTS[code]}<${this.textOf(this.type())}>(${this.textOf(this.expression())})`;
    switch (code) {
      case "fp": {
        if (this.take("T")) return "this";
        const digits = this.digits();
        this.expect("_");
        return `{parm#${digits === "" ? 1 : Number(digits) + 2}}`;
      }
      case "sr": {
        const levels: string[] = [];
        const nested = this.take("N");
        if (nested || !/[0-9]/.test(this.peek())) levels.push(this.textOf(this.type()));
        if (nested || levels.length === 0) levels.push(...this.untilEnd(() => this.unresolved()));
        return [...levels, this.unresolved()].join("::");
      }
      case "on":
        return `operator${OPERATORS[this.slice(2)]?.[0] ?? fail()}`;
      case "sZ":
        return String(this.templateParameter().pack?.length ?? fail());
      case "st":
      case "at":
        return `${code === "st" ? "sizeof" : "alignof"} (${this.textOf(this.type())})`;
      case "sz":
        return `sizeof ${this.operand()}`;
      case "sp":
        return `${this.operand()}...`;
      case "cl": {
        const called = this.operand();
        return `${called}(${this.list(this.untilEnd(() => this.expression()))})`;
      }
      case "cv": {
        const type = this.textOf(this.type());
        if (this.take("_")) return `(${type})(${this.list(this.untilEnd(() => this.expression()))})`;
        return `(${type})${this.operand()}`;
      }
      case "il":
        return `{${this.list(this.untilEnd(() => this.expression()))}}`;
      case "tl":
        return `${this.textOf(this.type())}{${this.list(this.untilEnd(() => this.expression()))}}`;
      case "dt":
      case "pt": {
        const object = this.operand();
        return `${object}${code === "dt" ? "." : "->"}${this.unresolved()}`;
      }
      default:
        return this.operation(code);
    }
  }

  operand(): string {
    const part = this.expression();
    return part.bare ? this.textOf(part) : `(${this.textOf(part)})`;
  }

  operation(code: string): string {
    const [sign, operands] = OPERATORS[code] ?? fail();
    if (code === "ad" && this.looksAt("L")) return `&${this.textOf(this.literal())}`;
    if (operands === 1) return `${sign}${this.operand()}`;
    if (operands === 3 && code !== "qu") return fail();
    const first = this.operand();
    if (operands === 3) return `${first}?${this.operand()} : ${this.operand()}`;
    if (code === "ix") return `${first}[${this.textOf(this.expression())}]`;
    const text = `${first}${sign}${this.operand()}`;
    // A bare `>` would end the template's arguments.
    return code === "gt" ? `(${text})` : text;
  }

  /** An unresolved name, which depends on a type. */
  unresolved(): string {
    const name = this.part(this.sourceName());
    return this.textOf(this.peek() === "I" ? this.withArguments(name) : name);
  }

  /** A literal value, or the address of something with a name. */
  literal(): Part {
    this.expect("L");
    if (this.take("_Z") || this.take("Z")) {
      const encoding = this.encoding("name");
      this.expect("E");
      return this.part(encoding);
    }
    const code = this.peek();
    const type = this.textOf(this.type());
    const from = this.at;
    while (this.at < this.text.length && this.peek() !== "E") this.at++;
    const digits = this.text.slice(from, this.at).replace(/^n/, "-");
    this.expect("E");
    if (code === "b" && digits === "0") return this.part("false");
    if (code === "b" && digits === "1") return this.part("true");
    if (type === "decltype(nullptr)") return this.part(digits === "" ? "nullptr" : `(${type})${digits}`);
    const end = LITERAL_ENDS[code];
    return this.part(end === undefined ? `(${type})${digits}` : `${digits}${end}`);
  }

  argumentList(): Part[] {
    this.expect("I");
    return this.nested(() => this.untilEnd(() => this.templateArgument()));
  }

  templateArgument(): Part {
    if (this.take("J")) return this.part("", "", { pack: this.untilEnd(() => this.templateArgument()) });
    if (this.peek() === "L") return this.literal();
    if (!this.take("X")) return this.type();
    const expression = this.expression();
    this.expect("E");
    return expression;
  }

  templateParameter(): Part {
    this.expect("T");
    const digits = this.digits();
    this.expect("_");
    return this.argument(digits === "" ? 0 : Number(digits) + 1);
  }

  argument(parameter: number): Part {
    if (this.lambdas > 0) return this.part(`auto:${parameter + 1}`, "", { parameter });
    const argument = this.templateArguments?.[parameter] ?? fail();
    if (argument.pack) return this.part("", "", { pack: argument.pack, open: true, parameter });
    return { ...argument, parameter };
  }

  /** A name, followed by template arguments. */
  withArguments(name: Part, own = false): Part {
    const parts = this.argumentList();
    if (own) this.templateArguments = parts;
    return this.spread([name, ...parts], ([one, ...args]) => {
      const name = this.textOf(one!);
      const inner = this.list(args);
      // Two such signs in a row would read as an operator.
      const text = `${name}${name.endsWith("<") ? " " : ""}<${inner}${inner.endsWith(">") ? " " : ""}>`;
      return this.part(text, "", { base: one!.base });
    });
  }

  sourceName(): string {
    const length = Number(this.digits());
    if (!(length > 0)) return fail();
    const text = this.slice(length);
    return text.startsWith("_GLOBAL__N") ? "(anonymous namespace)" : text;
  }
}
