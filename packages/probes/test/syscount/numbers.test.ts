import { execFileSync } from "node:child_process";

import { expect, test } from "vitest";

import { namesOf } from "../../src/syscount/names.js";
import { ARM64, IA32, X86_64 } from "../../src/syscount/numbers.js";

const GENERIC = ["RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "SYS_CLONE3", "MEMFD_SECRET"];

/** Names by number, as a header of the kernel's has them. */
function headerNames(header: string, ...flags: readonly string[]): string[] {
  const input = `#include <${header}>\n`;
  const text = execFileSync("cc", ["-E", "-dM", ...flags, "-"], { input, encoding: "utf8" });
  const macros = new Map(
    Array.from(text.matchAll(/^#define (__NR\w+) (\w+)$/gm), ([, name, value]) => [name!, value!]),
  );
  const number = (value: string): number => (macros.has(value) ? number(macros.get(value)!) : Number(value));
  const names: string[] = [];
  for (const [macro, value] of macros) {
    const name = macro.replace(/^__NR_/, "");
    if (name !== macro && !["syscalls", "arch_specific_syscall"].includes(name)) names[number(value)] = name;
  }
  return names;
}

test.each([
  ["64-bit calls of x86", X86_64, "asm/unistd_64.h", []],
  ["32-bit calls of x86", IA32, "asm/unistd_32.h", []],
  [
    "calls of arm64",
    ARM64,
    "asm-generic/unistd.h",
    ["-D__BITS_PER_LONG=64", ...GENERIC.map((one) => `-D__ARCH_WANT_${one}`)],
  ],
] as const)("%s have the numbers that the headers give them", (_, text, header, flags) => {
  const [here, there] = [namesOf(text), headerNames(header, ...flags)];
  expect(there.length).toBeGreaterThan(440);
  expect(there.map((name, number) => [number, here[number]])).toEqual(there.map((name, number) => [number, name]));
});
