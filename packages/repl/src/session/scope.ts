import { createRequire } from "node:module";
import { join } from "node:path";

import * as core from "@rxbpf/core";
import * as filters from "@rxbpf/filters";
import * as probes from "@rxbpf/probes";
import * as ship from "@rxbpf/ship";
import * as sinks from "@rxbpf/sinks";
import * as rxjs from "rxjs";

import { ALL, BUILTINS, PACKAGES } from "../typescript/packages.js";

const namespaces: Readonly<Record<keyof typeof PACKAGES, object>> = { rxjs, core, filters, probes, ship, sinks };

/**
 * What inputs can use without an import, by name: every export of RxJS and of rxbpf's packages, and those packages themselves
 * (`rxjs`, `core`, `filters`, `probes`, `ship`, `sinks`). Node's modules are in scope too, but not included here.
 */
export function scope(): Record<string, unknown> {
  // If several packages export a name, the first one's is in scope, as in the types.
  const words = Object.assign({}, ...Object.values(namespaces).reverse()) as Record<string, unknown>;
  return { ...words, ...namespaces };
}

/**
 * Makes the scope, Node's modules by name, and `require` global, for evaluated code. Declaring or assigning a name replaces it.
 * `scopeTypes` has the types.
 */
export function installScope(): void {
  for (const [name, value] of Object.entries(scope())) define(name, { value, writable: true });
  for (const name of BUILTINS) {
    const set = (value: unknown): void => define(name, { value, writable: true });
    define(name, { get: () => process.getBuiltinModule(name), set });
  }
  define("require", { value: requireIn(process.cwd()), writable: true });
}

/** Requires as a file in a folder would, except that packages in scope are always this command's own copies. */
function requireIn(folder: string): NodeJS.Require {
  const ours = new Map<string, object>(
    Object.entries(PACKAGES).map(([word, name]) => [name, namespaces[word as keyof typeof PACKAGES]]),
  ).set(ALL, scope());
  const theirs = createRequire(join(folder, "prompt.js"));
  const require = (specifier: string): unknown => {
    if (/\.m?ts$/.test(specifier)) throw new Error(`Cannot require ${specifier}: it is TypeScript; import it`);
    return ours.get(specifier) ?? theirs(specifier);
  };
  return Object.assign(require, theirs);
}

function define(name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(globalThis, name, { ...descriptor, configurable: true, enumerable: false });
}
