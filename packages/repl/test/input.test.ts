import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { goesOn, parseInput, saysNothing } from "../src/session/input.js";

const packages = fileURLToPath(new URL("../..", import.meta.url));
const sources = readdirSync(packages, { recursive: true, encoding: "utf8" })
  .filter((path) => /^(core|repl)\/src\/.*\.ts$/.test(path))
  .map((path) => join(packages, path));

test("whatever lines a right program begins with, none is refused", { timeout: 30_000 }, () => {
  expect(sources.length).toBeGreaterThan(80);
  for (const path of sources) {
    const lines = readFileSync(path, "utf8").split("\n");
    for (let count = 1; count <= lines.length; count++) {
      const parsed = parseInput(`${lines.slice(0, count).join("\n")}\n`);
      if (parsed !== "incomplete" && "faults" in parsed)
        throw new Error(`${path}:${count}: ${parsed.faults[0]!.message}`);
    }
  }
});

/** Splits a text into inputs as the prompts do. */
function inputsOf(text: string): string[] {
  const inputs: string[] = [];
  let code = "";
  for (const line of text.split("\n")) {
    if (!saysNothing(code) && !goesOn(code, line) && parseInput(code) !== "incomplete") {
      inputs.push(code);
      code = "";
    }
    code += `${line}\n`;
  }
  return [...inputs, code];
}

test("a right program, line by line, is inputs none of which is refused", () => {
  for (const path of sources) {
    for (const input of inputsOf(readFileSync(path, "utf8")))
      expect(parseInput(input), `${path}: ${input}`).toHaveProperty("names");
  }
});

describe("an input that ends in its midst asks for more", () => {
  test.each([
    "const f = (a: number) =>",
    "items.map((one) =>",
    "const s = `a",
    "const s = `a ${",
    "const s = `a ${b",
    "const s = `${a} and",
    "print(`a\nb",
    "a +",
    "a ?.",
    "a.",
    "a ?",
    "a ? b :",
    "const a =",
    "type A =",
    "/* a",
    "if (a)",
    "if (a) {\n}\nelse",
    "for (const a of b)",
    "import { a }",
    "import { a } from",
    "@decorated",
    "class A extends B {",
    "try {}",
    "new",
    "a(b,",
  ])("%j", (code) => expect(parseInput(`${code}\n`)).toBe("incomplete"));
});

test.each(["'abc", "a )", "const 1 = 2", "else", "/re", "a b", "return", "x = ;"])("%j is refused at once", (code) => {
  expect(parseInput(`${code}\n`)).toHaveProperty("faults");
});

test("lines that no input begins with go on with the one before", () => {
  const text = [
    "const a = from([1])",
    "  // doubled",
    "",
    "  .pipe(map((n) => n * 2))",
    "a",
    "  ? 1",
    "  : 2",
    "if (a) {",
    "  b();",
    "}",
    "else c()",
    "const sum = 1",
    "  + 2",
    "-3",
    "(4)",
    "[5]",
    ".5",
    "6;",
    "/7/",
  ];
  expect(inputsOf(text.join("\n")).map((input) => input.split("\n").length - 1)).toEqual([
    4, 3, 4, 2, 1, 1, 1, 1, 1, 1,
  ]);
});
