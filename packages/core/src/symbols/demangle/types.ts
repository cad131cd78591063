import { Expressions } from "./expressions.js";
import { fail, type Part } from "./state.js";
import { BUILTIN_TYPES } from "./tables.js";

/** Reads types. Subclasses read the names of classes. */
export abstract class Types extends Expressions {
  abstract name(): { readonly part: Part };
  abstract substitution(): Part;

  type(): Part {
    return this.nested(() => {
      const first = this.peek();
      const builtin = BUILTIN_TYPES[first] ?? (first === "D" ? BUILTIN_TYPES[first + this.peek(1)] : undefined);
      if (builtin !== undefined) {
        this.at += first === "D" ? 2 : 1;
        return this.part(builtin);
      }
      if (first === "S" && this.peek(1) !== "t") {
        const part = this.substitution();
        return this.peek() === "I" ? this.remember(this.withArguments(part)) : part;
      }
      if (first === "D" && this.peek(1) === "p") {
        this.at += 2;
        return this.remember(this.packExpansion());
      }
      return this.remember(this.compoundType(first));
    });
  }

  compoundType(first: string): Part {
    switch (first) {
      case "r":
      case "V":
      case "K": {
        const qualifiers = this.qualifiers();
        return this.map(this.type(), (one) =>
          one.shape === "function"
            ? this.part(one.left, one.right + qualifiers, { shape: one.shape })
            : this.part(one.left.endsWith(qualifiers) ? one.left : one.left + qualifiers, one.right, {
                shape: one.shape,
              }),
        );
      }
      case "P":
        this.at++;
        return this.map(this.type(), (one) => this.declare(one, "*"));
      case "R":
      case "O":
        this.at++;
        return this.map(this.type(), (one) => this.refer(one, first === "R" ? "&" : "&&"));
      case "C":
      case "G":
        this.at++;
        return this.append(this.type(), first === "C" ? " _Complex" : " _Imaginary");
      case "U": {
        this.at++;
        const qualifier = this.sourceName();
        const args = this.peek() === "I" ? `<${this.list(this.argumentList())}>` : "";
        return this.append(this.type(), ` ${qualifier}${args}`);
      }
      case "F":
        return this.functionType("");
      case "A":
        return this.arrayType();
      case "M":
        return this.memberPointer();
      case "T": {
        if (/T[sue]/.test(first + this.peek(1))) this.at += 2;
        else {
          const parameter = this.templateParameter();
          const applied = this.peek() === "I" && !this.converting;
          return applied ? this.withArguments(this.remember(parameter)) : parameter;
        }
        return this.name().part;
      }
      case "D":
        return this.otherType();
      case "u":
        this.at++;
        return this.part(this.sourceName());
      default:
        return this.name().part;
    }
  }

  append(part: Part, text: string): Part {
    return this.map(part, (one) => this.part(one.left + text, one.right, { shape: one.shape }));
  }

  /** A pointer or reference: the type that it leads to is written around it. */
  declare(to: Part, sign: string, reference?: "&" | "&&"): Part {
    if (to.shape === undefined) return this.part(to.left + sign, to.right, { reference });
    const gap = to.right.startsWith(" ") ? " " : "";
    const right = to.shape === "function" ? to.right.trimStart() : to.right;
    return this.part(`${to.left}${gap}(${sign}`, `)${right}`, { reference });
  }

  /** Collapses a reference to a reference: the result is an rvalue reference only if both are. */
  refer(to: Part, reference: "&" | "&&"): Part {
    if (to.reference === undefined) return this.declare(to, reference, reference);
    if (to.reference === reference || reference === "&&") return to;
    return this.part(to.left.slice(0, -1), to.right, { reference });
  }

  /** @param noexcept the exception specification after the parameters */
  functionType(noexcept: string): Part {
    this.expect("F");
    this.take("Y");
    const result = this.type();
    let qualifiers = "";
    const parameters: Part[] = [];
    while (!this.take("E")) {
      if (this.take("RE")) qualifiers = " &";
      else if (this.take("OE")) qualifiers = " &&";
      else parameters.push(this.type());
      if (qualifiers !== "") break;
    }
    return this.spread([result, ...parameters], ([returns, ...all]) => {
      const gap = returns!.right === "" ? " " : "";
      const right = `${gap}${this.parameterList(all)}${qualifiers}${noexcept}${returns!.right}`;
      return this.part(returns!.left, right, { shape: "function" });
    });
  }

  arrayType(): Part {
    this.expect("A");
    const size = this.peek() === "_" ? "" : this.digits() || this.textOf(this.expression());
    this.expect("_");
    return this.map(this.type(), (one) => {
      const inner = one.shape === "array" ? one.right.trimStart() : one.right;
      return this.part(one.left, ` [${size}]${inner}`, { shape: "array" });
    });
  }

  memberPointer(): Part {
    this.expect("M");
    const owner = this.type();
    return this.spread([owner, this.type()], ([one, member]) => {
      const pointer = `${this.textOf(one!)}::*`;
      return member!.shape === "function"
        ? this.part(`${member!.left} (${pointer}`, `)${member!.right.trimStart()}`)
        : this.part(`${member!.left} ${pointer}`, member!.right);
    });
  }

  /** A type that begins with D and is no builtin type. */
  otherType(): Part {
    const second = this.peek(1);
    if (second === "t" || second === "T") return this.decltype();
    this.at += 2;
    switch (second) {
      case "o":
        return this.functionType(" noexcept");
      case "O": {
        const condition = this.textOf(this.expression());
        this.expect("E");
        return this.functionType(` noexcept(${condition})`);
      }
      case "x":
        return this.functionType(" transaction_safe");
      case "v": {
        const size = this.digits() || this.textOf(this.expression());
        this.expect("_");
        return this.append(this.type(), ` __vector(${size})`);
      }
      case "F": {
        const bits = this.digits();
        if (!this.take("x")) this.expect("_");
        return this.part(`_Float${bits}`);
      }
      default:
        return fail();
    }
  }

  decltype(): Part {
    this.at += 2;
    const expression = this.textOf(this.expression());
    this.expect("E");
    return this.part(`decltype (${expression})`);
  }

  /** Repeats a pattern for each part of a pack. */
  packExpansion(): Part {
    const pattern = this.type();
    if (!pattern.open) return pattern.pack ? pattern : this.append(pattern, "...");
    return this.part("", "", { pack: pattern.pack });
  }

  /** The qualifiers r, V and K, which precede their type and are written after it. */
  qualifiers(): string {
    const restrict = this.take("r") ? " __restrict" : "";
    const volatile = this.take("V") ? " volatile" : "";
    return (this.take("K") ? " const" : "") + volatile + restrict;
  }

  parameterList(parameters: readonly Part[]): string {
    const text = this.list(parameters);
    return text === "void" ? "()" : `(${text})`;
  }
}
