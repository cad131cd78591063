import { demangleItanium } from "./itanium.js";
import { demangleRust } from "./rust.js";

/** Demangles a symbol of C++ or Rust; any other symbol is returned without its version. */
export function demangle(symbol: string): string {
  const [name] = symbol.split("@", 1) as [string];
  return demangleRust(name) ?? demangleItanium(name) ?? name;
}
