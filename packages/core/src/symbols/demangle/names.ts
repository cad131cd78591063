import { fail, type Part } from "./state.js";
import { ABBREVIATIONS, OPERATORS, SPECIAL } from "./tables.js";
import { Types } from "./types.js";

/** A name, with what it says about its function. */
interface Name {
  readonly part: Part;
  /** Whether it ends with template arguments: only then does the function's type begin with its return type. */
  readonly template: boolean;
  /** Whether the function has no return type in its name: constructors and conversions. */
  readonly returnless: boolean;
  /** Qualifiers of a member function: ` const`, ` &`. */
  readonly qualifiers: string;
}

interface Unqualified {
  readonly text: string;
  readonly base?: string | undefined;
  readonly returnless: boolean;
}

/** Reads a whole name: https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling */
export class Names extends Types {
  /**
   * A function or variable.
   * @param say how much of a function to write: everything, everything but the return type, or only the name
   */
  encoding(say: "all" | "parameters" | "name" = "all"): string {
    return this.nested(() => {
      const special = this.special();
      if (special !== undefined) return special;
      const name = this.name(true);
      if (this.atEnd()) return this.textOf(name.part);
      const result = name.template && !name.returnless ? this.type() : undefined;
      const parameters: Part[] = [];
      while (!this.atEnd()) parameters.push(this.type());
      if (say === "name") return this.textOf(name.part);
      const text = `${this.textOf(name.part)}${this.parameterList(parameters)}${name.qualifiers}`;
      const { left, right } = result && say === "all" ? result : { left: "", right: "" };
      const gap = left === "" || left.endsWith("(*") ? "" : " ";
      return this.textOf(this.part(`${left}${gap}${text}`, right));
    });
  }

  atEnd(): boolean {
    return this.at === this.text.length || this.peek() === "E" || this.peek() === ".";
  }

  /** Something that the compiler made for a name; undefined if what follows is a name itself. */
  special(): string | undefined {
    const code = this.peek() + this.peek(1);
    const text = SPECIAL[code];
    if (text !== undefined) {
      this.at += 2;
      const named = code === "TH" || code === "TW" || code === "GV";
      return text + this.textOf(named ? this.name(true).part : this.type());
    }
    if (this.take("GTt")) return `transaction clone for ${this.encoding()}`;
    if (this.take("GR")) {
      const name = this.textOf(this.name(true).part);
      return `reference temporary #${this.ordinal() - 1} for ${name}`;
    }
    if (this.take("TC")) {
      const whole = this.textOf(this.type());
      this.digits();
      this.expect("_");
      return `construction vtable for ${this.textOf(this.type())}-in-${whole}`;
    }
    return this.peek() === "T" ? this.thunk() : undefined;
  }

  /** A thunk: code that adjusts `this`, or also the result, and calls a virtual function. */
  thunk(): string {
    this.expect("T");
    if (this.take("c")) {
      this.correction();
      this.correction();
      return `covariant return thunk to ${this.encoding()}`;
    }
    return `${this.correction()} thunk to ${this.encoding()}`;
  }

  /** An adjustment: one number, or two for a virtual base. */
  correction(): string {
    const virtual = this.take("v");
    if (!virtual) this.expect("h");
    for (let numbers = virtual ? 2 : 1; numbers > 0; numbers--) {
      this.take("n");
      this.digits();
      this.expect("_");
    }
    return virtual ? "virtual" : "non-virtual";
  }

  /** @param own whether T_ in the type of its function refers to its template arguments */
  name(own = false): Name {
    const first = this.peek();
    if (first === "N") return this.nestedName(own);
    if (first === "Z") return this.localName(own);
    if (first === "S" && this.peek(1) !== "t") {
      const part = this.substitution();
      return { part: this.withArguments(part, own), template: true, returnless: false, qualifiers: "" };
    }
    const std = this.take("St") ? "std::" : "";
    const { text, base, returnless } = this.unqualified(undefined);
    let part = this.part(std + text, "", { base });
    const template = this.peek() === "I";
    if (template) part = this.withArguments(this.remember(part), own);
    return { part, template, returnless, qualifiers: "" };
  }

  nestedName(own: boolean): Name {
    this.expect("N");
    let qualifiers = this.qualifiers();
    if (this.take("R")) qualifiers += " &";
    else if (this.take("O")) qualifiers += " &&";
    let part: Part | undefined;
    let template = false;
    let returnless = false;
    let remembered = false;
    while (!this.take("E")) {
      const next = this.peek();
      this.take("M"); // what follows is in a member's initializer
      template = next === "I";
      remembered = true;
      if (next === "I") part = this.withArguments(part ?? fail(), own);
      else if (next === "S" && this.peek(1) !== "t") {
        part = this.substitution(true);
        remembered = false;
        continue;
      } else if (next === "S") {
        this.at += 2;
        part = this.part("std");
        continue;
      } else if (next === "T") part = this.templateParameter();
      else if (next === "D" && (this.peek(1) === "t" || this.peek(1) === "T")) part = this.decltype();
      else {
        const { text, base, returnless: without } = this.unqualified(part?.base);
        returnless = without;
        part = part
          ? this.map(part, (one) => this.part(`${this.textOf(one)}::${text}`, "", { base }))
          : this.part(text, "", { base });
      }
      this.remember(part);
    }
    // The whole name is not a substitution of itself. If it is a type, it is remembered as a type.
    if (remembered) this.substitutions.pop();
    return { part: part ?? fail(), template, returnless, qualifiers };
  }

  /** A name inside a function. */
  localName(own: boolean): Name {
    this.expect("Z");
    const encoding = this.encoding("parameters");
    this.expect("E");
    const within = (text: string): Part => this.part(`${encoding}::${text}`);
    if (this.take("s")) {
      this.discriminator();
      return { part: within("string literal"), template: false, returnless: false, qualifiers: "" };
    }
    let prefix = "";
    if (this.take("d")) prefix = `{default arg#${this.ordinal()}}::`;
    const name = this.name(own);
    this.discriminator();
    const part = this.map(name.part, (one) =>
      this.part(`${encoding}::${prefix}${this.textOf(one)}`, "", { base: one.base }),
    );
    return { ...name, part };
  }

  discriminator(): void {
    if (this.take("__")) {
      this.digits();
      this.expect("_");
    } else if (this.peek() === "_" && /^_\d/.test(this.text.slice(this.at, this.at + 2))) this.at += 2;
  }

  /** The number of an unnamed entity: `_` is the first, `0_` the second. */
  ordinal(): number {
    const digits = this.digits();
    this.expect("_");
    return digits === "" ? 1 : Number(digits) + 2;
  }

  /** @param outer the name of the surrounding class's constructors */
  unqualified(outer: string | undefined): Unqualified {
    this.take("F"); // a friend
    this.take("L"); // of one file
    const first = this.peek();
    let text: string;
    let base: string | undefined;
    let returnless = false;
    if (first >= "0" && first <= "9") base = text = this.sourceName();
    else if (first === "C" || (first === "D" && this.peek(1) !== "C")) {
      this.at++;
      const inherits = this.take("I");
      if (!/[0-5]/.test(this.slice(1)) || outer === undefined) return fail();
      if (inherits) this.type();
      text = first === "C" ? outer : `~${outer}`;
      returnless = true;
    } else if (this.take("DC")) text = `[${this.untilEnd(() => this.sourceName()).join(", ")}]`;
    else if (this.take("Ut")) text = `{unnamed type#${this.ordinal()}}`;
    else if (this.take("Ul")) {
      this.lambdas++;
      const parameters = this.parameterList(this.untilEnd(() => this.type()));
      this.lambdas--;
      text = `{lambda${parameters}#${this.ordinal()}}`;
      base = "{lambda}";
    } else ({ text, returnless } = this.operatorName());
    while (this.take("B")) text += `[abi:${this.sourceName()}]`;
    return { text, base, returnless };
  }

  operatorName(): Unqualified {
    if (this.take("cv")) return { text: `operator ${this.textOf(this.convertedType())}`, returnless: true };
    if (this.take("li")) return { text: `operator"" ${this.sourceName()}`, returnless: false };
    const [text] = OPERATORS[this.slice(2)] ?? fail();
    return { text: `operator${/^[a-z]/.test(text) ? " " : ""}${text.trimEnd()}`, returnless: false };
  }

  /** The type that a conversion returns. It may refer to template arguments that follow it, so these are read first. */
  convertedType(): Part {
    const { at, templateArguments, converting } = this;
    const remembered = this.substitutions.length;
    this.converting = true;
    this.lambdas++; // any argument will do
    this.type();
    this.lambdas--;
    if (this.peek() === "I") this.templateArguments = this.argumentList();
    this.at = at;
    this.substitutions.length = remembered;
    const part = this.type();
    this.templateArguments = templateArguments;
    this.converting = converting;
    return part;
  }

  /** A substitution: S and what it refers to. @param prefix whether more of the name follows */
  substitution(prefix = false): Part {
    this.expect("S");
    const abbreviation = ABBREVIATIONS[this.peek()];
    if (abbreviation) {
      this.at++;
      const next = this.peek();
      const full = prefix && (next === "C" || next === "D" || next === "B");
      return this.part(full ? abbreviation.full : abbreviation.short, "", { base: abbreviation.base });
    }
    const from = this.at;
    while (/[0-9A-Z]/.test(this.peek())) this.at++;
    const digits = this.text.slice(from, this.at);
    this.expect("_");
    const part = this.substitutions[digits === "" ? 0 : parseInt(digits, 36) + 1] ?? fail();
    return part.parameter === undefined ? part : this.argument(part.parameter);
  }
}
