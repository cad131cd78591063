import { describe, expect, it } from "vitest";

import { obstacleText } from "../src/front/excerpt.js";
import { OBSTACLES } from "../src/front/obstacles.js";
import { readPredicate } from "../src/predicate.js";
import { recordInput } from "../src/record.js";
import { functionOf } from "./support.js";
import { type Row, sampleFields, sampleLayout } from "./sample.js";

const input = recordInput("the sample's event", sampleFields, sampleLayout);

/** The messages on what the kernel cannot decide in a predicate. */
function messages(predicate: (e: Row) => unknown): string[] {
  return readPredicate(predicate, input).obstacles.map(obstacleText);
}

const many = Array.from({ length: 300 }, (_, i) => i);
const deep = (n: number): boolean => n > 0 && deep(n - 1);
let counted = 0;
const isEven = (n: number): boolean => n % 2 === 0;
class Unknown {}
const bound = isEven.bind(undefined);

/** One predicate for each message, and what is said of it. */
const CASES: Readonly<Record<string, readonly [(e: Row) => unknown, string]>> = {
  fraction: [(e) => e.bytes / 3 < e.flags, "e.bytes / 3 < e.flags"],
  tooLarge: [(e) => e.bytes * e.bytes === 4, "e.bytes * e.bytes"],
  tooWide: [(e) => BigInt(e.bytes) * BigInt(e.bytes) > 4n, "BigInt(e.bytes) * BigInt(e.bytes)"],
  divisor: [(e) => e.flags % e.port === 1, "e.flags % e.port"],
  twoTexts: [(e) => e.path === e.file, "e.path === e.file"],
  textOrder: [(e) => e.comm < "b", 'e.comm < "b"'],
  textLength: [(e) => e.path.length > 3, "e.path.length"],
  textIncludes: [(e) => e.path.includes("etc"), 'e.path.includes("etc")'],
  textParts: [(e) => e.remote.startsWith("10."), 'e.remote.startsWith("10.")'],
  textMethod: [(e) => e.comm.charAt(0) === "n", "e.comm.charAt(0)"],
  regExp: [(e) => /^n.g/.test(e.comm), "/^n.g/.test(e.comm)"],
  textBuilt: [(e) => `${e.comm}!` === "nginx!", "`${e.comm}!`"],
  otherTypes: [(e) => (e.ret as unknown) === "2", '"2"'],
  conversion: [(e) => (e.cut as unknown as number) + 1 === 2, "1"],
  unknownFunction: [(e) => (Unknown as unknown as (n: number) => boolean)(e.ret), "Unknown(e.ret)"],
  native: [(e) => bound(e.ret), "bound(e.ret)"],
  asynchronous: [(e) => (async () => e.ret < 0)(), "(async () => e.ret < 0)()"],
  recursion: [(e) => deep(e.ret), "deep"],
  tooMuch: [
    (e) => {
      for (let i = 0; ; i++) if (e.small === i + 1000) return true;
    },
    "",
  ],
  tooMany: [(e) => many.includes(e.port), "many.includes(e.port)"],
  statement: [
    (e) => {
      try {
        return e.ret < 0;
      } catch {
        return false;
      }
    },
    "try {",
  ],
  effect: [
    (e) => {
      counted++;
      return e.ret < counted;
    },
    "counted++",
  ],
  effectInside: [
    (e) => {
      let n = 1;
      const set = (): void => void (n = e.ret);
      if (e.cut && !set) return true;
      return n < e.ret;
    },
    "n",
  ],
  thisValue: [
    function (this: unknown, e: Row) {
      return e.ret === this;
    } as (e: Row) => unknown,
    "this",
  ],
  created: [(e) => new Date(e.bytes).getDay() === 1, "new Date(e.bytes)"],
  expression: [(e) => "ret" in e, '"ret" in e'],
  dynamicMember: [(e) => e[e.comm as "ret"] < 0, "e[e.comm"],
  wholeEvent: [(e) => e.hasOwnProperty("ret"), "e.hasOwnProperty"],
  notCallable: [(e) => (e.ret as unknown as () => number)() < 0, "e.ret"],
  tooLongSource: [functionOf(`return e.ret < 0; // ${"x".repeat(70_000)}`), ""],
  badText: [(e) => e.path.startsWith("\ud83d"), "e.path.startsWith"],
  longText: [functionOf(`return e.path === "${"x".repeat(300)}"`), "e.path ==="],
};

describe("what the kernel cannot decide is said with its place and what to write instead", () => {
  it.each(Object.keys(CASES))("%s", (name) => {
    const [predicate, quoted] = CASES[name]!;
    const said = messages(predicate);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchSnapshot();
    expect(said[0]).toContain(quoted);
    expect(said[0]).toContain(OBSTACLES[name as keyof typeof OBSTACLES][0]);
  });

  it("has an example of every message", () => {
    expect(Object.keys(OBSTACLES).filter((name) => !(name in CASES))).toEqual([]);
  });
});
