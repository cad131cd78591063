import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { start, temporaryFolder } from "../../../testing/programs.js";
import { piped } from "./prompt.js";

// Every example in a documentation comment of the packages runs here as it stands there, its types checked.
const folder = temporaryFolder();
const packages = fileURLToPath(new URL("../..", import.meta.url));

/** The code in a file's documentation comments that calls something, but for what stands for other languages. */
function examplesIn(path: string): string[] {
  const comments = readFileSync(path, "utf8").match(/\/\*\*[^]*?\*\//g) ?? [];
  return comments
    .map((comment) => comment.replaceAll(/\n\s*\*(?: |(?=\n))/g, "\n"))
    .flatMap((comment) => [...comment.matchAll(/`([^`]*)`/g)].map(([, code = ""]) => code.replaceAll("\n", " ")))
    .filter((code) => /^(?:for await |[a-zA-Z]+(?:\.\w+)?)\(.+\)/.test(code));
}

const sources = ["core", "filters", "probes", "ship", "sinks"].flatMap((name) => {
  const files = readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts")).map((file) => join(packages, name, "src", file));
});

/** Streams run for a moment, loops for one event. */
function inputFor(example: string): string {
  if (example.startsWith("for ")) return `${example} break;`;
  const run = "await lastValueFrom(made.pipe(takeUntil(timer(100))), { defaultValue: undefined });";
  return `{ const made: unknown = ${example}; if (isObservable(made)) ${run} }`;
}

test("every example in a documentation comment runs", { timeout: 60_000 }, async () => {
  start("sh", ["-c", "while sleep 0.1; do cat /etc/hostname; done > /dev/null"]);
  const examples = sources.flatMap(examplesIn);
  expect(examples).toContain("tcpconnect({ dns: true }).pipe(histogram((e) => e.queryAgeMs))");
  expect(examples.length).toBeGreaterThan(8);
  const inputs = examples.map((example) => `${inputFor(example)} console.log(${JSON.stringify(example)})`);
  const { stdout, stderr } = await piped(folder, inputs);
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toEqual(examples);
});
