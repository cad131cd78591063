import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { SourceMapPayload } from "node:module";
import { join } from "node:path";

import { parseSync } from "oxc-parser";
import { transformSync } from "oxc-transform";

import { visit } from "./nodes.js";
import { TARGET } from "./options.js";
import { temporaryFolder } from "../process/temporary.js";
import { tscPath } from "./packages.js";

export interface Translation {
  readonly code: string;
  /** The source map from `code` to the source, without a file name. */
  readonly map: Pick<SourceMapPayload, "mappings">;
}

export interface TranslationOptions {
  /** Whether to keep unused imports. */
  readonly keepImports?: boolean;
}

/** Source that is not TypeScript; `offset` is the place, in characters. */
export class TranslationError extends SyntaxError {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Translates a TypeScript module into JavaScript for the oldest Node that runs rxbpf. OXC does this in no time; what OXC does not
 * translate, TypeScript's own compiler does, in some ten milliseconds.
 * @throws TranslationError
 */
export function translate(source: string, { keepImports = false }: TranslationOptions = {}): Translation {
  if (needsTypeScript(source)) return byTypeScript(source, keepImports);
  const { code, map, errors } = transformSync(FILE, source, {
    lang: "ts",
    sourceType: "module",
    target: TARGET,
    sourcemap: true,
    typescript: { onlyRemoveTypeImports: keepImports },
  });
  const [error] = errors;
  if (error) throw new TranslationError(error.message, characters(source, error.labels[0]?.start));
  return { code, map: map! };
}

const FILE = "input.ts";

/** Whether a source without errors has a `using`, a decorator or an `accessor`. */
function needsTypeScript(source: string): boolean {
  if (!/@|\busing\b|\baccessor\b/.test(source)) return false;
  const { program, errors } = parseSync(FILE, source, { lang: "ts", sourceType: "module" });
  let found = false;
  visit(program, (node) => {
    const { type, kind } = node as { type: string; kind?: string };
    found ||= type === "Decorator" || type === "AccessorProperty" || kind?.endsWith("using") === true;
    return !found;
  });
  return found && errors.length === 0;
}

/** Converts an offset in bytes, as OXC counts, to characters. */
function characters(source: string, bytes: number = 0): number {
  return Buffer.from(source).subarray(0, bytes).toString().length;
}

/** The global types that TypeScript requires, declared empty, so that it need not read its own library. */
const TYPES = ["Array<T>", "Boolean", "CallableFunction", "Function", "IArguments", "NewableFunction", "Number"]
  .concat("Object", "RegExp", "String")
  .map((name) => `interface ${name} {}`)
  .join("\n");

function byTypeScript(source: string, keepImports: boolean): Translation {
  const folder = temporaryFolder();
  try {
    const compilerOptions = {
      target: TARGET,
      module: "esnext",
      moduleDetection: "force",
      isolatedModules: true,
      verbatimModuleSyntax: keepImports,
      noCheck: true,
      noLib: true,
      noResolve: true,
      types: [],
      sourceMap: true,
      outDir: "out",
    };
    writeFileSync(join(folder, FILE), source);
    writeFileSync(join(folder, "types.d.ts"), TYPES);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["types.d.ts", FILE] }));
    const { status, stdout, error } = spawnSync(tscPath(), ["--project", folder], { encoding: "utf8" });
    if (status !== 0) throw new Error(`Cannot translate with TypeScript: ${error?.message ?? stdout.trim()}`);
    const read = (name: string): string => readFileSync(join(folder, "out", name), "utf8");
    const code = read("input.js").replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n");
    return { code, map: JSON.parse(read("input.js.map")) as SourceMapPayload };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
