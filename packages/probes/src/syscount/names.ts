import { ARM64, IA32, X86_64 } from "./numbers.js";

/** The names of the calls of one interface, by number. */
type Names = readonly (string | undefined)[];

export function namesOf(text: string): Names {
  const names: string[] = [];
  let next = 0;
  for (const word of text.trim().split(/\s+/)) {
    const [, number, name] = /^(?:(\d+):)?(\w+)$/.exec(word)!;
    if (number !== undefined) next = Number(number);
    names[next++] = name!;
  }
  return names;
}

/** By what Node calls processors: the kernel's own calls, and those of 32-bit programs. */
const NAMES: Readonly<Record<string, readonly [own: string, compat: string]>> = {
  x64: [X86_64, IA32],
  arm64: [ARM64, ""],
};

const [own, compat] = (NAMES[process.arch] ?? ["", ""]).map(namesOf) as [Names, Names];

/** Of calls of the x32 interface, which are those of the 64-bit one, and from 512 some of their own. */
const X32_BIT = 2 ** 30;

/** What a call is called; BCC's `[unknown: 999]` where that is not known. */
export function callName(number: number, isCompat: boolean): string {
  if (number < 0) return "[unknown]";
  const isX32 = number >= X32_BIT;
  const name = (isCompat ? compat : own)[isX32 ? number - X32_BIT : number] ?? `[unknown: ${number % X32_BIT}]`;
  return isCompat ? `${name} (32-bit)` : isX32 ? `${name} (x32)` : name;
}

/** The numbers of a call that is known by a name; -1 where an interface has none. */
export function callNumbers(name: string): { readonly own: number; readonly compat: number } {
  return { own: own.indexOf(name), compat: compat.indexOf(name) };
}

/** The names of all calls that are known, sorted. */
export function callNames(): readonly string[] {
  return [...new Set([...own, ...compat])].filter((name) => name !== undefined).sort();
}
