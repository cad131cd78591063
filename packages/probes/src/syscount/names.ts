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

/** By Node's name of the processor: the kernel's own calls, and those of 32-bit programs. */
const NAMES: Readonly<Record<string, readonly [own: string, compat: string]>> = {
  x64: [X86_64, IA32],
  arm64: [ARM64, ""],
};

const [own, compat] = (NAMES[process.arch] ?? ["", ""]).map(namesOf) as [Names, Names];

/** The bit in the numbers of x32 calls, which are the 64-bit calls, and from 512 some of their own. */
const X32_BIT = 2 ** 30;

/** The name of a call; like BCC's, `[unknown: 999]` if there is none. */
export function callName(number: number, isCompat: boolean): string {
  if (number < 0) return "[unknown]";
  const isX32 = number >= X32_BIT;
  const name = (isCompat ? compat : own)[isX32 ? number - X32_BIT : number] ?? `[unknown: ${number % X32_BIT}]`;
  return isCompat ? `${name} (32-bit)` : isX32 ? `${name} (x32)` : name;
}

/** The numbers of a call, by its name; -1 for an interface that lacks it. */
export function callNumbers(name: string): { readonly own: number; readonly compat: number } {
  return { own: own.indexOf(name), compat: compat.indexOf(name) };
}

/** The names of all known calls, sorted. */
export function callNames(): readonly string[] {
  return [...new Set([...own, ...compat])].filter((name) => name !== undefined).sort();
}
