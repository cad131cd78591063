import { demangleItanium } from "./itanium.js";
import { demangleRust } from "./rust.js";

/** What a symbol is called in its language, where it is C++ or Rust; else the symbol, without its version. */
export function demangle(symbol: string): string {
  const [name] = symbol.split("@", 1) as [string];
  return demangleRust(name) ?? demangleItanium(name) ?? name;
}
