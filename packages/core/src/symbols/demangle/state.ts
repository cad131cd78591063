/** Bounds on what a name may ask for: references to its own parts can make 2 ** n of n characters. */
const MOST_OUTPUT = 8192;
const MOST_STEPS = 50_000;
const MOST_DEPTH = 256;

/** A part of a name: a type, a template's argument, a name's beginning. What it declares stands between left and right. */
export interface Part {
  readonly left: string;
  readonly right: string;
  /** Functions and arrays: a pointer to one needs brackets around what it declares. */
  readonly shape?: "function" | "array" | undefined;
  readonly reference?: "&" | "&&" | undefined;
  /** What constructors are called, where this is a class. */
  readonly base?: string | undefined;
  /** It stands for these, none or several of them: a template parameter pack. */
  readonly pack?: readonly Part[] | undefined;
  /** It is this template parameter, whose argument depends on where it is referred to. */
  readonly parameter?: number | undefined;
  /** An expression that needs no brackets. */
  readonly bare?: boolean | undefined;
  /** What it is a part of is to be repeated for each of the pack. */
  readonly open?: boolean | undefined;
}

/** Thrown for what is no name, or one that is not worth its cost; it is then left as it is. */
export class NotMangled extends Error {}

export function fail(): never {
  throw new NotMangled();
}

/** Reads a mangled name from left to right. */
export class State {
  readonly text: string;
  at = 0;
  /** Parts that later ones refer to, S_, S0_ and so on. */
  readonly substitutions: Part[] = [];
  /** What T_, T0_ and so on stand for. */
  templateArguments: readonly Part[] | undefined;
  /** How many lambdas we are in, whose own parameters are `auto`. */
  lambdas = 0;
  /** Whether we are in what a conversion gives: template arguments after it are those of the conversion. */
  converting = false;
  #steps = 0;
  #depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The character at a distance; "" after the last. */
  peek(distance = 0): string {
    return this.text.charAt(this.at + distance);
  }

  looksAt(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  /** Goes past a text that may be there. */
  take(text: string): boolean {
    const there = this.looksAt(text);
    if (there) this.at += text.length;
    return there;
  }

  expect(text: string): void {
    if (!this.take(text)) fail();
  }

  /** The decimal digits that are next. */
  digits(): string {
    const from = this.at;
    while (this.at < this.text.length && this.peek() >= "0" && this.peek() <= "9") this.at++;
    return this.text.slice(from, this.at);
  }

  /** As many characters. */
  slice(length: number): string {
    if (length > this.text.length - this.at) fail();
    this.at += length;
    return this.text.slice(this.at - length, this.at);
  }

  /** What repeats until an `E`, without that. */
  untilEnd<T>(read: () => T): T[] {
    const all: T[] = [];
    while (!this.take("E")) all.push(read());
    return all;
  }

  /** Goes into a part that may hold others. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MOST_DEPTH) fail();
    const result = read();
    this.#depth--;
    return result;
  }

  /** Makes a part, within what a name may cost. */
  part(left: string, right = "", more: Omit<Part, "left" | "right"> = {}): Part {
    this.#spend(1, left.length + right.length);
    return { left, right, ...more };
  }

  /** Makes a part of a part, or of each of an open pack. */
  map(part: Part, make: (one: Part) => Part): Part {
    return this.spread([part], ([one]) => make(one!));
  }

  /** Makes a part of several, or as many as the open packs among them have. */
  spread(parts: readonly Part[], make: (parts: readonly Part[]) => Part): Part {
    const pack = parts.find(({ open }) => open)?.pack;
    if (!pack) return make(parts);
    this.#spend(parts.length * pack.length);
    const each = (i: number): Part[] => parts.map((part) => (part.open ? (part.pack![i] ?? fail()) : part));
    return this.part("", "", { pack: pack.map((_, i) => this.spread(each(i), make)), open: true });
  }

  /** Remembers a part for references to it. */
  remember(part: Part): Part {
    this.substitutions.push(part);
    return part;
  }

  /** A part as text. */
  textOf(part: Part): string {
    return part.pack ? this.list(part.pack) : part.left + part.right;
  }

  /** Parts with commas between, those of packs one by one. */
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
