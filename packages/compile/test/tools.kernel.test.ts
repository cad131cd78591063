import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { transformSync as swc } from "@swc/core";
import { buildSync } from "esbuild";
import { transformSync as oxc } from "oxc-transform";
import { rolldown } from "rolldown";
import ts from "typescript-6";
import { describe, expect, it } from "vitest";

import { generate } from "../src/back/generate.js";
import { readPredicate } from "../src/predicate.js";
import { TrialProgram } from "../src/program.js";
import { recordInput } from "../src/record.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { blank, recordOf, type Row, rowOf, type Sample, sampleFields, sampleLayout, sampleSize } from "./sample.js";
import * as here from "./tools/predicates.js";

type Module = typeof here;

const folder = temporaryFolder();
const sources = fileURLToPath(new URL("tools/", import.meta.url));
const entry = path.join(sources, "predicates.ts");
const input = recordInput("the sample", sampleFields, sampleLayout);

const SAMPLES: readonly Partial<Sample>[] = [
  {},
  { ret: -13, flags: 1, operation: 0, port: 443, small: 2 },
  { ret: -3, comm: Buffer.from("curl"), path: Buffer.from("/etc/cron.d"), bytes: 5_000_000, operation: 1, cut: true },
  { comm: Buffer.from("bash"), bytes: 7, port: 80, operation: 9, small: 4, delta: 6, disk: Buffer.from("vda") },
  { comm: Buffer.from("bash"), bytes: 4096, flags: 2, operation: 2, small: 1, path: Buffer.from("/tmp") },
];

/** Runs all predicates of a module on all samples, in the kernel, and compares with what the sources say here. */
function compare({ predicates }: Pick<Module, "predicates">): void {
  expect(predicates).toHaveLength(here.predicates.length);
  for (const [index, predicate] of predicates.entries()) {
    const { test, obstacles } = readPredicate(predicate, input);
    expect(obstacles.map(({ message }) => `${String(predicate)}: ${message}`)).toEqual([]);
    const program = new TrialProgram(generate(test), sampleSize);
    const samples = SAMPLES.map((sample): Sample => ({ ...blank, ...sample }));
    const found = samples.map((sample) => program.passes(recordOf(sample)));
    program.close();
    expect(found).toEqual(samples.map((sample) => Boolean(here.predicates[index]!(rowOf(sample) as Row))));
  }
}

/** Transforms each source by itself, and imports the result as a module of Node. */
async function transformed(
  name: string,
  transform: (source: string, file: string) => string,
  kind: "module" | "commonjs" = "module",
): Promise<Module> {
  const to = path.join(folder, name);
  mkdirSync(to, { recursive: true });
  writeFileSync(path.join(to, "package.json"), JSON.stringify({ type: kind }));
  for (const file of ["words", "predicates"])
    writeFileSync(
      path.join(to, `${file}.js`),
      transform(readFileSync(path.join(sources, `${file}.ts`), "utf8"), `${file}.ts`),
    );
  const result = path.join(to, "predicates.js");
  return kind === "module" ? import(pathToFileURL(result).href) : createRequire(import.meta.url)(result);
}

async function bundled(name: string, build: (outfile: string) => unknown): Promise<Module> {
  const outfile = path.join(folder, `${name}.mjs`);
  await build(outfile);
  return import(pathToFileURL(outfile).href);
}

const typescript = (target: ts.ScriptTarget, module: ts.ModuleKind) => (source: string) =>
  ts.transpileModule(source, { compilerOptions: { target, module, ignoreDeprecations: "6.0" } }).outputText;

const esbuild = (options: object) => (outfile: string) =>
  buildSync({ entryPoints: [entry], bundle: true, format: "esm", outfile, ...options });

const rolled = (minify: boolean) => async (file: string) => {
  const bundle = await rolldown({ input: entry, platform: "node" });
  await bundle.write({ file, format: "esm", minify });
  await bundle.close();
};

const TOOLS: Readonly<Record<string, () => Module | Promise<Module>>> = {
  vitest: () => here,
  "tsc to ES2022": () => transformed("tsc", typescript(ts.ScriptTarget.ES2022, ts.ModuleKind.ESNext)),
  "tsc to CommonJS": () =>
    transformed("tsc-cjs", typescript(ts.ScriptTarget.ES2022, ts.ModuleKind.CommonJS), "commonjs"),
  "tsc to ES2015": () =>
    transformed("tsc-2015", typescript(ts.ScriptTarget.ES2015, ts.ModuleKind.CommonJS), "commonjs"),
  swc: () =>
    transformed("swc", (source) => swc(source, { jsc: { parser: { syntax: "typescript" }, target: "es2022" } }).code),
  "oxc-transform": () => transformed("oxc", (source, file) => oxc(file, source).code),
  esbuild: () => bundled("esbuild", esbuild({})),
  "esbuild, minified": () => bundled("esbuild-minified", esbuild({ minify: true })),
  // As tsx does.
  "esbuild, minified with names": () => bundled("esbuild-names", esbuild({ minify: true, keepNames: true })),
  rolldown: () => bundled("rolldown", rolled(false)),
  "rolldown, minified": () => bundled("rolldown-minified", rolled(true)),
};

describe("functions compile after", () => {
  it.each(Object.entries(TOOLS))("%s", async (_, load) => {
    compare(await load());
  });
});
