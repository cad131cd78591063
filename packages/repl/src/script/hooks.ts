// Module hooks, registered in `run.ts`: a script is a TypeScript module. Node runs them in a thread of their own.
import { readFile } from "node:fs/promises";
import type { LoadHook, ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";

import { transformSync } from "oxc-transform";

import { isInScope } from "../session/packages.js";
import { shownPath } from "./place.js";

export const resolve: ResolveHook = async (specifier, context, next) => {
  if (isInScope(specifier)) return next(specifier, { ...context, parentURL: import.meta.url });
  for (const file of isTypeScript(context.parentURL) ? meant(specifier) : []) {
    try {
      return await next(file, context);
    } catch {
      // It means another.
    }
  }
  return next(specifier, context);
};

/** The files that a relative import may mean besides the one of its very name, as TypeScript understands it. */
function meant(specifier: string): string[] {
  if (!/^\.{1,2}\//.test(specifier) || /\.m?ts$/.test(specifier)) return [];
  if (/\.m?js$/.test(specifier)) return [specifier.replace(/js$/, "ts")];
  return [`${specifier}.ts`, `${specifier}/index.ts`];
}

export const load: LoadHook = async (url, context, next) => {
  if (!isTypeScript(url)) return next(url, context);
  const path = fileURLToPath(url);
  return { format: "module", source: toJavaScript(path, url, await readFile(path, "utf8")), shortCircuit: true };
};

function isTypeScript(url: string | undefined): boolean {
  return url !== undefined && /^file:.*\.m?ts$/.test(url);
}

/** @throws SyntaxError */
function toJavaScript(path: string, url: string, source: string): string {
  const { code, map, errors } = transformSync(path, source, { lang: "ts", sourceType: "module", sourcemap: true });
  const [error] = errors;
  if (error) {
    const before = Buffer.from(source).subarray(0, error.labels[0]?.start).toString().split("\n");
    throw new SyntaxError(`${shownPath(path)}:${before.length}:${before.at(-1)!.length + 1}: ${error.message}`);
  }
  const json = JSON.stringify({ ...map, sources: [url] });
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(json).toString("base64")}`;
}
