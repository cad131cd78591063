import * as core from "@rxbpf/core";
import * as filters from "@rxbpf/filters";
import * as probes from "@rxbpf/probes";
import * as sinks from "@rxbpf/sinks";
import * as rxjs from "rxjs";

import { BUILTINS, type PACKAGES } from "../typescript/packages.js";

const namespaces: Readonly<Record<keyof typeof PACKAGES, object>> = { rxjs, core, filters, probes, sinks };

/**
 * What inputs find without importing it, by name: every word of RxJS and of rxbpf's packages, and those packages
 * themselves (`rxjs`, `core`, `filters`, `probes`, `sinks`). Node's modules, which are in scope too, are not among it.
 */
export function scope(): Record<string, unknown> {
  // Of a name that several export, that of the first package stands, as in the types.
  const words = Object.assign({}, ...Object.values(namespaces).reverse()) as Record<string, unknown>;
  return { ...words, ...namespaces };
}

/**
 * Makes the scope, and Node's modules by their names, global, where code that is evaluated finds it. What is declared or
 * assigned there takes a name's place. `scopeTypes` has the types.
 */
export function installScope(): void {
  for (const [name, value] of Object.entries(scope())) define(name, { value, writable: true });
  for (const name of BUILTINS) {
    const set = (value: unknown): void => define(name, { value, writable: true });
    define(name, { get: () => process.getBuiltinModule(name), set });
  }
}

function define(name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(globalThis, name, { ...descriptor, configurable: true, enumerable: false });
}
