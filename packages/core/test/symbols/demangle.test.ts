import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { numbers } from "../../../../testing/programs.js";
import { demangle } from "../../src/symbols/demangle/demangle.js";

/** The C++ names in a file. */
function names(file: string, ...flags: readonly string[]): string[] {
  const lines = execFileSync("nm", [...flags, file], { encoding: "utf8", maxBuffer: 2 ** 28 }).split("\n");
  return [
    ...new Set(lines.map((line) => line.split(" ").at(-1)!.split("@")[0]!).filter((name) => name.startsWith("_Z"))),
  ];
}

/**
 * Evens out differences of style: c++filt writes some library types in full, writes two `>` together after an empty
 * pack, and sometimes adds the parameters of a function that is a template argument.
 */
function same(text: string): string {
  return text
    .replaceAll("> >", ">>")
    .replaceAll("> >", ">>")
    .replaceAll("std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string")
    .replace(/std::basic_(io|[io])stream<char, std::char_traits<char>>/g, "std::$1stream");
}

test.each([
  ["libstdc++", /\/\S*libstdc\+\+\.so\S*/.exec(readFileSync("/proc/self/maps", "utf8"))![0], ["-D"], 1],
  ["Node", process.execPath, [], 5],
] as const)(
  "the names of %s equal those of c++filt, with at most one exception in a thousand",
  (_what, file, flags, each) => {
    const all = names(file, ...flags).filter((_, i) => i % each === 0);
    expect(all.length).toBeGreaterThan(3000);
    const filtered = execFileSync("c++filt", { input: all.join("\n"), encoding: "utf8", maxBuffer: 2 ** 28 });
    const witness = filtered.trimEnd().split("\n");
    const different = all.filter((name, i) => same(demangle(name)) !== same(witness[i]!));
    expect(different.length).toBeLessThanOrEqual(all.length / 1000);
  },
  60_000,
);

test.each([
  ["_Z3addii", "add(int, int)"],
  ["_ZN4shop6BasketIlE3addEv.part.0.cold", "shop::Basket<long>::add() [clone .part.0] [clone .cold]"],
  ["_ZNKSt6vectorIiSaIiEE4sizeEv", "std::vector<int, std::allocator<int> >::size() const"],
  ["_ZN4node5StartEiPPc", "node::Start(int, char**)"],
  ["_Z1fIJidEEvDpT_", "void f<int, double>(int, double)"],
  ["_ZlsRSoRK5Money", "operator<<(std::ostream&, Money const&)"],
  ["_ZThn16_N4shop4Till4ringEv", "non-virtual thunk to shop::Till::ring()"],
  ["_ZZ4mainENKUlT_E_clIiEEDaS_", "auto main::{lambda(auto:1)#1}::operator()<int>(int) const"],
  ["_Z3mapPFivERA3_iM1AFvvE", "map(int (*)(), int (&) [3], void (A::*)())"],
  ["_ZN1AcvT_IiEEv", "A::operator int<int>()"],
  ["_ZGTt3foov", "transaction clone for foo()"],
  ["memcpy@@GLIBC_2.14", "memcpy"],
  ["main", "main"],
  ["_Znot_a_name", "_Znot_a_name"],
  ["_Z", "_Z"],
  ["", ""],
])("%s is %s", (symbol, name) => {
  expect(demangle(symbol)).toBe(name);
});

// Names from rustc 1.95 in both schemes, as rustc-demangle and `c++filt` write them, without hashes and lifetimes.
test.each([
  ["_RINvCskK7mfDs1mzF_1m6helperKj3_Kc78_EB2_", "m::helper::<3, 'x'>"],
  [
    "_RNCNCINvNtNtCsjrHSEGnQ3l9_3std6thread9lifecycle15spawn_uncheckedNCNvCskK7mfDs1mzF_1m4main0uEs_00B14_",
    "std::thread::lifecycle::spawn_unchecked::<m::main::{closure#0}, ()>::{closure#1}::{closure#0}",
  ],
  ["_RNvXsQ_NtNtCsgEmfK2I1SDS_4core3fmt3numlNtB7_5Debug3fmt", "<i32 as core::fmt::Debug>::fmt"],
  [
    "_RNvXNtNtCsgEmfK2I1SDS_4core3str4iterNtB2_5CharsNtNtNtNtB6_4iter6traits8iterator8Iterator5count",
    "<core::str::iter::Chars as core::iter::traits::iterator::Iterator>::count",
  ],
  [
    "_RINvNtCsgEmfK2I1SDS_4core3ptr13drop_in_placeINtNtCslNYArtu3iFV_5alloc5boxed3BoxDNtNtB4_5error5ErrorNtNtB4_6marker4SyncNtB1B_4SendEL_EECskK7mfDs1mzF_1m",
    "core::ptr::drop_in_place::<alloc::boxed::Box<dyn core::error::Error + core::marker::Sync + core::marker::Send>>",
  ],
  ["_RNvCs1234_1mu8gdel_5qa.llvm.A1B2", "m::gödel"],
  [
    "_ZN47_$LT$m..K$ue4$se$LT$T$GT$$u20$as$u20$m..Eat$GT$3eat28_$u7b$$u7b$closure$u7d$$u7d$17he815bc09aeadd6c5E",
    "<m::Käse<T> as m::Eat>::eat::{{closure}}",
  ],
  ["_ZN3std2io5stdio6_print17h60ed86805c6ca83fE.llvm.12345", "std::io::stdio::_print"],
  ["_Rnot_a_name", "_Rnot_a_name"],
  ["_R", "_R"],
])("%s of Rust is %s", (symbol, name) => {
  expect(demangle(symbol)).toBe(name);
});

/** A name in which each part refers to the part before twice: it expands to 2 ** levels characters. */
function doubling(levels: number): string {
  const reference = (n: number): string => (n === 0 ? "S_" : `S${(n - 1).toString(36).toUpperCase()}_`);
  const parts = Array.from({ length: levels }, (_, i) => `PFv${reference(2 * i + 1).repeat(2)}E`);
  return `_Z1fP1A${parts.join("")}`;
}

test.each([
  ["doubles itself", doubling(40)],
  ["is nested deeply", `_Z1f${"P".repeat(4000)}i`],
  ["is nested deeply in brackets", `_Z1fI${"XaaL".repeat(1000)}`],
  ["repeats packs", `_Z1fIJ${"i".repeat(400)}EEvDp${"1AIDpT_".repeat(300)}`],
  ["is of Rust and doubles itself", `_R${"T".repeat(1)}${"NvC1a1b".repeat(100)}B_`],
  ["refers to itself", "_RNvB_1a"],
  ["is an array of arrays", `_Z1f${"A9_".repeat(1300)}i`],
])("a name that %s costs little, and is left as it is", (_what, name) => {
  const text = demangle(name);
  expect(text).toBe(name);
});

test("names with a changed character are demangled or left as they are", () => {
  const below = numbers(7);
  const some = names(process.execPath).filter((_, i) => i % 200 === 0);
  for (const name of some)
    for (let round = 0; round < 10; round++) {
      const at = 2 + below(name.length - 2);
      const char = "_ESTNIZLDKPRFJX0123456789abcdefghijklmnopqrstuvwxyz"[below(51)]!;
      expect(demangle(name.slice(0, at) + char + name.slice(at + 1)).length).toBeLessThan(9000);
    }
}, 60_000);
