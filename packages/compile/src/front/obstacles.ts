import type { Obstacle, Span } from "../ir/types.js";

/** What the kernel cannot do, and what to write instead: every such message of the front. */
export const OBSTACLES = {
  fraction: ["the kernel has no fractions", "compare it with a number, or write Math.trunc(a / b)"],
  tooLarge: ["the result may exceed 2^53, where JavaScript rounds", "compare with a smaller factor, or use BigInt(x)"],
  tooWide: ["the result may need more than 64 bits"],
  divisor: ["the divisor may be 0 or negative", "divide by a known number"],
  twoTexts: ["the kernel cannot compare two texts of an event", "compare each with a known text"],
  textOrder: ["the kernel cannot sort texts", "use ===, startsWith, endsWith or includes"],
  textLength: [
    "a text's length counts characters, and the kernel has bytes",
    'write text === "" or compare with texts',
  ],
  textIncludes: ["searching a long text takes the kernel too long", "use startsWith or endsWith"],
  textParts: ["the kernel has the value's bytes, not its text", "compare the whole text with ==="],
  textMethod: ["the kernel has no such method of texts", "use ===, startsWith, endsWith or includes"],
  regExp: ["the kernel has no regular expressions", "use ===, startsWith, endsWith or includes"],
  textBuilt: ["the kernel builds no texts", "compare the parts with known texts"],
  otherTypes: ["the two are of different types, which are never equal", "convert one of them"],
  conversion: ["the kernel does not convert one type into another", "compare values of the same type"],
  unknownFunction: [
    "the function is not known, or not one that the kernel can run",
    "call only functions of the script",
  ],
  native: [
    "the function is not written in JavaScript, so there is nothing to compile",
    "leave it to JavaScript after the kernel's conditions",
  ],
  asynchronous: ["a function that waits cannot decide now", "use a plain function, and await in a pipe"],
  recursion: ["functions call each other too deeply", "write it without recursion"],
  tooMuch: ["it does not end within 20,000 steps of compiling", "write it with fewer turns, branches or values"],
  tooMany: ["it has more than 256 values", "keep the values in a set pinned at a path, or leave it to JavaScript"],
  statement: ["the kernel runs no such statement", "write an expression, const, if, or return"],
  effect: ["it changes something outside of the function", "count or collect in a pipe"],
  effectInside: ["it changes a variable in the middle of an expression", "assign in a statement of its own"],
  thisValue: ["the function has no `this`", "use variables"],
  created: ["the kernel creates no objects", "write the condition without it"],
  expression: ["the kernel has no such expression", "write it with comparisons, &&, || and !"],
  dynamicMember: ["a member is chosen while the function runs", "name the member"],
  wholeEvent: ["the kernel has fields, not the event as an object", "name its fields"],
  notCallable: ["it is no function"],
  tooLongSource: ["the function's source is longer than 65,536 characters"],
  badText: ["the text contains characters that stand for single bytes, or halves of characters"],
  longText: ["the text is longer than 256 bytes"],
} as const satisfies Readonly<Record<string, readonly [string, string?]>>;

export type ObstacleName = keyof typeof OBSTACLES;

export function obstacle(name: ObstacleName, at: Span): Obstacle {
  const [message, advice] = OBSTACLES[name] as readonly [string, string?];
  return { message, advice, at };
}

/** The input has no such member, or the script no such variable. In JavaScript too, the condition would be none. */
export class Misnamed extends Error {
  override name = "Misnamed";
  readonly at: Span;

  constructor(message: string, at: Span) {
    super(message);
    this.at = at;
  }
}
