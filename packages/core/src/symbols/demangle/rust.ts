import { demangleRustV0 } from "./rust-v0.js";

/** The end of a legacy name: a hash, as a part of 17 letters. The rest is a nested C++ name. */
const HASH = /17h[0-9a-f]{16}E(?:\.llvm\.[0-9A-F]+)?$/;

/** The text between `$` signs that stands for a character that symbols cannot have. */
const ESCAPES: Readonly<Record<string, string>> = {
  SP: "@",
  BP: "*",
  RF: "&",
  LT: "<",
  GT: ">",
  LP: "(",
  RP: ")",
  C: ",",
};

/** Demangles the name of a Rust function, without the hashes; undefined if it is no such name. */
export function demangleRust(name: string): string | undefined {
  if (name.startsWith("_R")) return demangleRustV0(name);
  const end = name.startsWith("_ZN") ? name.search(HASH) : -1;
  if (end < 0) return undefined;
  const parts: string[] = [];
  for (let at = 3; at < end;) {
    const digits = /^\d+/.exec(name.slice(at, at + 6))?.[0] ?? "";
    const from = at + digits.length;
    at = from + Number(digits);
    if (digits === "" || at > end) return undefined;
    parts.push(unescape(name.slice(from, at)));
  }
  return parts.length > 0 ? parts.join("::") : undefined;
}

function unescape(part: string): string {
  return part
    .replace(/^_\$/, "$")
    .replaceAll("..", "::")
    .replace(/\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g, (whole, code: string | undefined, letters: string) => {
      const point = parseInt(code ?? "", 16);
      if (code !== undefined) return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
      return ESCAPES[letters] ?? whole;
    });
}
