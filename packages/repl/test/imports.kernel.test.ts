import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { beforeAll, expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { rxbpf } from "./cli.js";
import { enter, piped, startPrompt } from "./prompt.js";

const folder = temporaryFolder();
const project = join(folder, "project");

beforeAll(() => {
  const files = {
    "above.ts": "export const above: number = 1;",
    "node_modules/upper/package.json": '{ "name": "upper", "main": "upper.js", "types": "upper.d.ts" }',
    "node_modules/upper/upper.js": "exports.upper = 2;",
    "node_modules/upper/upper.d.ts": "export declare const upper: number;",
    "project/lib.ts": [
      "export interface Square { side: number }",
      "enum Factor { Two = 2 }",
      "export function area({ side }: Square): number {",
      "  if (side < 0) throw new RangeError('no such square');",
      "  return side ** Factor.Two;",
      "}",
    ].join("\n"),
    "project/script.mjs": "export const plus = (a, b) => a + b;",
    "project/old.cjs": "exports.old = 'common';",
    "project/data.json": '{ "list": [1, 2, 3] }',
    "project/node_modules/mapped/package.json": JSON.stringify({
      name: "mapped",
      type: "module",
      exports: { "./deep": { types: "./lib/deep.d.ts", default: "./lib/deep.js" } },
    }),
    "project/node_modules/mapped/lib/deep.js": "export const deep = 'deep';",
    "project/node_modules/mapped/lib/deep.d.ts": "export declare const deep: string;",
    "project/node_modules/untyped/package.json": '{ "name": "untyped", "main": "untyped.js" }',
    "project/node_modules/untyped/untyped.js": "module.exports = { value: 7 };",
    // Another copy of a package in scope.
    "project/node_modules/rxjs/package.json": '{ "name": "rxjs", "main": "other.js" }',
    "project/node_modules/rxjs/other.js": "exports.Observable = class Other {};",
  };
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
});

/** Inputs, what each gives, and one after it that is refused. */
const IMPORTS = [
  ["a module of Node", ['import fs from "fs"', 'fs.existsSync("/")'], "true", "fs.exist()"],
  ["import()", ['const os = await import("node:os")', "os.EOL"], "'\\n'", "os.EOLL"],
  [
    "import() later",
    ['const get = () => import("./lib.js")', "(await get()).area({ side: 9 })"],
    "81",
    "(await get()).x",
  ],
  ["a file", ['import { area, type Square } from "./lib.ts"', "area({ side: 9 })"], "81", "area({ sid: 9 })"],
  ["a file without its ending", ['import * as lib from "./lib"', "lib.area({ side: 9 })"], "81", "lib.areas"],
  ["a file above", ['import { above } from "../above.js"', "above + 1"], "2", "above.length"],
  ["JavaScript", ['import { plus } from "./script.mjs"', "plus(1, 2)"], "3", 'import { minus } from "./script.mjs"'],
  ["JSON", ['import data from "./data.json" with { type: "json" }', "data.list"], "[ 1, 2, 3 ]", "data.lists"],
  ["a package", ['import { deep } from "mapped/deep"', "deep"], "'deep'", "deep.lenght"],
  ["a package above", ['import { upper } from "upper"', "upper"], "2", "upper.length"],
  ["a package without types", ['import untyped from "untyped"', "untyped.value"], "7", 'import nope from "nope"'],
  ["a package in scope", ['import { Observable as O } from "rxjs"', "O === rxjs.Observable"], "true", "O.nothing"],
  ["all in one", ['import { opensnoop as o } from "rxbpf"', "o === opensnoop"], "true", "o({ pidd: 1 })"],
  ["require", ['require("fs").existsSync("/")'], "true", 'require("fs").exist()'],
  ["require of what is in scope", ['require("rxjs") === rxjs'], "true", 'require("rxjs").nothing'],
  ["require of all in one", ['require("rxbpf").opensnoop === opensnoop'], "true", 'require("rxbpf").nothing'],
  ["require of a file", ['require("./old.cjs").old'], "'common'", "require(7)"],
  ["import.meta", ["import.meta.dirname.length"], String(project.length), "import.meta.dirnam"],
] as const;

test("all of it is imported in a pipe", async () => {
  const inputs = IMPORTS.flatMap(([, lines]) => lines);
  const given = IMPORTS.map(([, , line]) => `${line}\n`).join("");
  expect(await piped(project, inputs)).toMatchObject({ status: 0, stdout: given, stderr: "" });
});

test("all of it is imported at a terminal, typed", { timeout: 60_000 }, async () => {
  const prompt = await startPrompt({ cwd: project, columns: 200 });
  for (const [, inputs, given, refused] of IMPORTS) {
    for (const input of inputs.slice(0, -1)) expect(await enter(prompt, input)).not.toMatch(/TS|Uncaught/);
    expect((await enter(prompt, inputs.at(-1)!)).split("\n")).toContain(given);
    expect(await enter(prompt, refused)).toMatch(/\(TS\d+\)/);
  }
});

test("a file that was not there yet is found when it is", async () => {
  const prompt = await startPrompt({ cwd: project });
  const input = 'import { late } from "./late.ts"';
  expect(await enter(prompt, input)).toContain("Cannot find module './late.ts'");
  writeFileSync(join(project, "late.ts"), "export const late: number = 5;");
  expect(await enter(prompt, input)).not.toContain("TS");
  expect(await enter(prompt, "late * 2")).toContain("10");
});

test("an error in a file is told with its place there", async () => {
  expect(await piped(project, ['import { area } from "./lib.ts"', "area({ side: -1 })"])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^Uncaught RangeError: no such square\n {4}at lib\.ts:4:\d+\n$/),
  });
});

const LOWERED = [
  '{ using end = { [Symbol.dispose]: () => console.log("disposed") }; console.log("used"); }',
  '{ await using end = { [Symbol.asyncDispose]: async () => console.log("disposed later") }; }',
  "function twice(method: (n: number) => number, _: ClassMethodDecoratorContext) { return (n: number) => method(n) * 2; }",
  "class Doubled { @twice of(n: number): number { return n; } accessor step = 1; }",
  "console.log(new Doubled().of(21), new Doubled().step)",
];

test("what TypeScript translates runs at the prompt and in scripts, checked or not", async () => {
  const given = "used\ndisposed\ndisposed later\n42 1\n";
  expect(await piped(project, LOWERED)).toMatchObject({ status: 0, stdout: given, stderr: "" });
  const script = join(project, "lowered.ts");
  writeFileSync(script, LOWERED.join("\n"));
  expect(await rxbpf("run", script)).toMatchObject({ status: 0, stdout: given, stderr: "" });
  expect(await rxbpf("run", "--check", script)).toMatchObject({ status: 0, stdout: given, stderr: "" });
});

test("an error in what TypeScript translated is told with its place in the source", async () => {
  const script = join(project, "failing.ts");
  writeFileSync(script, "{\n  using end = { [Symbol.dispose]() {} };\n  throw new Error('here');\n}\n");
  expect((await rxbpf("run", script)).stderr).toMatch(/failing\.ts:3:\d+: here\n$/);
});
