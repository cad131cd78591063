// Module hooks: make Node load TypeScript files as modules, for scripts and for the prompt. Node runs hooks in a thread of their own.
import { readFile } from "node:fs/promises";
import type { LoadHook, ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";

import { placeAt, shownPath } from "./files.js";
import { IMPORTER, importerSource } from "./importer.js";
import { isInScope } from "./packages.js";
import { translate, TranslationError } from "./translate.js";

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (isInScope(specifier)) return next(specifier, { ...context, parentURL: import.meta.url });
  if (specifier.endsWith(IMPORTER)) return { url: specifier, shortCircuit: true };
  for (const file of isTypeScript(context.parentURL) ? meant(specifier) : []) {
    try {
      return await next(file, context);
    } catch {
      // There is no such file: try the others that it may mean.
    }
  }
  return next(specifier, context);
};

/** The files that a relative import may mean, besides the one with exactly its name, by TypeScript's rules. */
function meant(specifier: string): string[] {
  if (!/^\.{1,2}(\/|$)/.test(specifier) || /\.(m?ts|json)$/.test(specifier)) return [];
  if (/\.m?js$/.test(specifier)) return [specifier.replace(/js$/, "ts")];
  return [`${specifier}.ts`, `${specifier}.js`, `${specifier}/index.ts`, `${specifier}/index.js`];
}

export const load: LoadHook = async (url, context, next) => {
  if (url.endsWith(IMPORTER)) return { format: "module", source: importerSource, shortCircuit: true };
  if (!isTypeScript(url)) return next(url, context);
  const path = fileURLToPath(url);
  return { format: "module", source: toJavaScript(path, url, await readFile(path, "utf8")), shortCircuit: true };
};

function isTypeScript(url: string | undefined): boolean {
  return url !== undefined && /^file:[^?#]*\.m?ts(?:[?#]|$)/.test(url);
}

/** @throws SyntaxError */
function toJavaScript(path: string, url: string, source: string): string {
  try {
    const { code, map } = translate(source);
    const json = JSON.stringify({ ...map, sources: [url] });
    return `${code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(json).toString("base64")}`;
  } catch (error) {
    if (!(error instanceof TranslationError)) throw error;
    const { line, column } = placeAt(source, error.offset);
    throw new SyntaxError(`${shownPath(path)}:${line + 1}:${column + 1}: ${error.message}`, { cause: error });
  }
}
