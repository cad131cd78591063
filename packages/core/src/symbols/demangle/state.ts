/** Limits on what a name may cost: with references to its own parts, n characters can expand to 2 ** n. */
const MOST_OUTPUT = 8192;
const MOST_STEPS = 50_000;
const MOST_DEPTH = 256;

/**
 * A part of a name: a type, a template argument, the beginning of a name. A declared name goes between `left` and
 * `right`.
 */
export interface Part {
  readonly left: string;
  readonly right: string;
  /** A function or an array: a pointer to it needs brackets around the declared name. */
  readonly shape?: "function" | "array" | undefined;
  readonly reference?: "&" | "&&" | undefined;
  /** The name of the constructors, if this is a class. */
  readonly base?: string | undefined;
  /** The parts of a template parameter pack, none or several. */
  readonly pack?: readonly Part[] | undefined;
  /** The number of a template parameter, whose argument depends on where it is used. */
  readonly parameter?: number | undefined;
  /** An expression that needs no brackets. */
  readonly bare?: boolean | undefined;
  /** Whether the part that contains it is repeated for each part of the pack. */
  readonly open?: boolean | undefined;
}

/** Thrown if a text is no mangled name, or one that costs too much. It is then left as it is. */
export class NotMangled extends Error {}

export function fail(): never {
  throw new NotMangled();
}

/** Reads a mangled name from left to right. */
export class State {
  readonly text: string;
  at = 0;
  /** Parts that later parts refer to as S_, S0_ and so on. */
  readonly substitutions: Part[] = [];
  /** The arguments that T_, T0_ and so on stand for. */
  templateArguments: readonly Part[] | undefined;
  /** How many lambdas enclose this place. Their own parameters are `auto`. */
  lambdas = 0;
  /** Whether this place is in a conversion's type: template arguments after it belong to the conversion. */
  converting = false;
  #steps = 0;
  #depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The character at a distance; "" after the end. */
  peek(distance = 0): string {
    return this.text.charAt(this.at + distance);
  }

  looksAt(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  /** Skips a text if it is next. Returns whether it was. */
  take(text: string): boolean {
    const there = this.looksAt(text);
    if (there) this.at += text.length;
    return there;
  }

  expect(text: string): void {
    if (!this.take(text)) fail();
  }

  /** The next decimal digits. */
  digits(): string {
    const from = this.at;
    while (this.at < this.text.length && this.peek() >= "0" && this.peek() <= "9") this.at++;
    return this.text.slice(from, this.at);
  }

  /** The next `length` characters. */
  slice(length: number): string {
    if (length > this.text.length - this.at) fail();
    this.at += length;
    return this.text.slice(this.at - length, this.at);
  }

  /** Reads items up to an `E`, and skips that. */
  untilEnd<T>(read: () => T): T[] {
    const all: T[] = [];
    while (!this.take("E")) all.push(read());
    return all;
  }

  /** Reads a part that may contain others, with a limit on the depth. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MOST_DEPTH) fail();
    const result = read();
    this.#depth--;
    return result;
  }

  /** Makes a part, within the limits of cost. */
  part(left: string, right = "", more: Omit<Part, "left" | "right"> = {}): Part {
    this.#spend(1, left.length + right.length);
    return { left, right, ...more };
  }

  /** Makes a part from a part, or from each part of an open pack. */
  map(part: Part, make: (one: Part) => Part): Part {
    return this.spread([part], ([one]) => make(one!));
  }

  /** Makes a part from several, or as many parts as the open packs among them have. */
  spread(parts: readonly Part[], make: (parts: readonly Part[]) => Part): Part {
    const pack = parts.find(({ open }) => open)?.pack;
    if (!pack) return make(parts);
    this.#spend(parts.length * pack.length);
    const each = (i: number): Part[] => parts.map((part) => (part.open ? (part.pack![i] ?? fail()) : part));
    return this.part("", "", { pack: pack.map((_, i) => this.spread(each(i), make)), open: true });
  }

  /** Remembers a part for later references. */
  remember(part: Part): Part {
    this.substitutions.push(part);
    return part;
  }

  /** A part as text. */
  textOf(part: Part): string {
    return part.pack ? this.list(part.pack) : part.left + part.right;
  }

  /** Joins parts with commas; packs are expanded. */
  list(parts: readonly Part[]): string {
    const texts: string[] = [];
    let length = 0;
    const add = (part: Part): void => {
      length += part.left.length + part.right.length;
      this.#spend(1, length);
      if (part.pack) part.pack.forEach(add);
      else texts.push(part.left + part.right);
    };
    parts.forEach(add);
    return texts.join(", ");
  }

  #spend(steps: number, length = 0): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS || length > MOST_OUTPUT) fail();
  }
}
