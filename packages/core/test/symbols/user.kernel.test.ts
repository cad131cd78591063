import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { Symbolizer, type SymbolizerOptions } from "@rxbpf/core/bpf";
import { looksCut } from "@rxbpf/core/events";
import { expect, onTestFinished, test } from "vitest";

import { temporaryFolder } from "../../../../testing/programs.js";
import { build, FUNCTIONS, nm, startFunctions } from "./programs.js";

const folder = temporaryFolder();
const EXACT = { exact: true };
const LIBRARY = "int loaded(int x) { return x + 7; }\nint other(int x) { return x + 9; }\n";

const pie = build(folder, "pie", FUNCTIONS, "-pie", "-fPIE");
const fixed = build(folder, "fixed", FUNCTIONS, "-no-pie");
const library = build(folder, "libloaded.so", LIBRARY, "-shared", "-fPIC");

function symbolizer(options?: SymbolizerOptions): Symbolizer {
  const it = new Symbolizer(options);
  onTestFinished(() => it.close());
  return it;
}

test.each([
  ["at an address of its own", pie],
  ["at a fixed address", fixed],
])("the functions of a program %s have the names that its own pointers do", async (_what, program) => {
  const { pid, at } = await startFunctions(program);
  const addresses = [at.outer, at.outer + 3n, at.hidden, at.main, at.puts];
  expect(symbolizer().user(pid, addresses, EXACT)).toEqual([
    { name: "outer", offset: 0, module: path.basename(program), address: `0x${at.outer.toString(16)}` },
    { name: "outer", offset: 3, module: path.basename(program), address: `0x${(at.outer + 3n).toString(16)}` },
    { name: "hidden", offset: 0, module: path.basename(program), address: `0x${at.hidden.toString(16)}` },
    { name: "main", offset: 0, module: path.basename(program), address: `0x${at.main.toString(16)}` },
    { name: "puts", offset: 0, module: "libc.so.6", address: `0x${at.puts.toString(16)}` },
  ]);
});

test("all functions that nm lists are found, also by addresses inside them", async () => {
  const { pid, at } = await startFunctions(pie);
  const bias = at.main - nm(pie, "main");
  const listed = execFileSync("nm", ["-S", "--defined-only", pie], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, start, size, name] = /^([0-9a-f]+) ([0-9a-f]+) [TtWw] (\S+)$/.exec(line) ?? [];
      return start === undefined ? [] : [{ start: BigInt(`0x${start}`), size: parseInt(size!, 16), name: name! }];
    });
  expect(listed.length).toBeGreaterThan(3);
  const middles = listed.map(({ start, size }) => bias + start + BigInt(size >> 1));
  const frames = symbolizer().user(pid, middles, EXACT);
  expect(frames.map(({ name, offset }) => [name, offset])).toEqual(listed.map(({ name, size }) => [name, size >> 1]));
});

test("in a stack, a return address after a function's last byte belongs to that function, not to the next", async () => {
  const { pid, at } = await startFunctions(pie);
  const size = parseInt(/ ([0-9a-f]+) T outer$/m.exec(execFileSync("nm", ["-S", pie], { encoding: "utf8" }))![1]!, 16);
  const after = at.outer + BigInt(size);
  const [inner, caller] = symbolizer().user(pid, [at.main, after]);
  expect(inner).toMatchObject({ name: "main", offset: 0 });
  expect(caller).toMatchObject({ name: "outer", offset: size, address: `0x${after.toString(16)}` });
});

test("a stack is named up to where the C library calls main, and is complete", async () => {
  const process = await startFunctions(pie);
  const stack = symbolizer().user(process.pid, await process.stack());
  expect(stack.slice(0, 2).map(({ name }) => name)).toEqual(["middle", "main"]);
  expect(stack[2]!.module).toBe("libc.so.6");
  expect(looksCut(stack)).toBe(false);
  expect(looksCut(stack.slice(0, 2))).toBe(true);
});

test("the program before an exec is named too", async () => {
  const process = await startFunctions(pie);
  const names = symbolizer();
  names.note(process.pid);
  const now = await process.become(fixed);
  const frames = names.user(process.pid, [process.at.hidden, now.hidden, now.puts], EXACT);
  expect(frames.map(({ name, module }) => `${name} ${module}`)).toEqual([
    "hidden pie",
    "hidden fixed",
    "puts libc.so.6",
  ]);
});

test("a library that is loaded later is found when its addresses come", async () => {
  const process = await startFunctions(pie);
  const names = symbolizer();
  names.note(process.pid);
  const loaded = await process.load(library);
  expect(names.user(process.pid, [loaded + 1n], EXACT)).toMatchObject([
    { name: "loaded", offset: 1, module: "libloaded.so" },
  ]);
});

test("a process that has ended is named from what was noted, even if its files are gone or replaced", async () => {
  const own = path.join(folder, "ended");
  mkdirSync(own);
  const program = path.join(own, "program");
  const plugin = path.join(own, "plugin.so");
  copyFileSync(pie, program);
  copyFileSync(library, plugin);
  const process = await startFunctions(program);
  const loaded = await process.load(plugin);
  const names = symbolizer();
  names.note(process.pid);
  await process.ended();
  rmSync(plugin);
  // Another program with the same name and other addresses.
  copyFileSync(fixed, `${program}.new`);
  renameSync(`${program}.new`, program);
  const frames = names.user(process.pid, [process.at.hidden, process.at.puts, loaded], EXACT);
  expect(frames.map(({ name, module }) => `${name} ${module}`)).toEqual([
    "hidden program",
    "puts libc.so.6",
    "loaded plugin.so",
  ]);
});

test("a process that was not noted before it ended has no names", async () => {
  const process = await startFunctions(pie);
  await process.ended();
  const unknown = { name: "[unknown]", offset: 0, module: "[unknown]", address: `0x${process.at.main.toString(16)}` };
  expect(symbolizer().user(process.pid, [process.at.main], EXACT)).toEqual([unknown]);
});

test("if a running file is deleted and replaced, the old one is read", async () => {
  const program = path.join(folder, "replaced");
  copyFileSync(pie, program);
  const process = await startFunctions(program);
  rmSync(program);
  copyFileSync(fixed, program);
  expect(symbolizer().user(process.pid, [process.at.hidden], EXACT)).toMatchObject([
    { name: "hidden", module: "replaced" },
  ]);
});

test("a FIFO in place of the file neither blocks nor is read", async () => {
  const program = path.join(folder, "fifo");
  copyFileSync(pie, program);
  const process = await startFunctions(program);
  rmSync(program);
  execFileSync("mkfifo", [program]);
  const names = symbolizer({ files: 1 });
  expect(names.user(process.pid, [process.at.main], EXACT)).toMatchObject([{ name: "main" }]);
  // Only one file is held: the program's has to make room for libc, and after the end there is but the path.
  names.user(process.pid, [process.at.puts], EXACT);
  await process.ended();
  expect(names.user(process.pid, [process.at.main], EXACT)).toMatchObject([{ name: "[unknown]", module: "fifo" }]);
});

test("a program in another mount namespace is read there, not from the same path here", async () => {
  const [mount, real] = ["mount", "real"].map((name) => path.join(folder, name)) as [string, string];
  mkdirSync(mount);
  mkdirSync(real);
  copyFileSync(pie, path.join(real, "program"));
  writeFileSync(path.join(mount, "program"), "no program");
  const script = `mount --bind ${real} ${mount} && exec ${mount}/program`;
  const process = await startFunctions("unshare", "-m", "sh", "-c", script);
  expect(readFileSync(path.join(mount, "program"), "utf8")).toBe("no program");
  const frames = symbolizer().user(process.pid, [process.at.outer, process.at.puts], EXACT);
  expect(frames.map(({ name, module }) => `${name} ${module}`)).toEqual(["outer program", "puts libc.so.6"]);
});

test("a stripped program keeps its exported functions; other addresses are given as the file's own", async () => {
  const stripped = build(folder, "stripped", FUNCTIONS, "-pie", "-fPIE", "-rdynamic", "-s");
  const { pid, at } = await startFunctions(stripped);
  const [outer, hidden] = symbolizer().user(pid, [at.outer, at.hidden], EXACT);
  expect(outer).toMatchObject({ name: "outer", offset: 0, module: "stripped" });
  const outerAt = nm(stripped, "outer", "-D");
  expect(hidden).toMatchObject({
    name: "[unknown]",
    offset: Number(outerAt + at.hidden - at.outer),
    module: "stripped",
  });
});

test("the debug information of a stripped program is found by its build id", async () => {
  const whole = build(folder, "whole", FUNCTIONS, "-Wl,--build-id=sha1");
  const stripped = path.join(folder, "apart");
  execFileSync("objcopy", ["--strip-all", whole, stripped]);
  const id = /Build ID: ([0-9a-f]+)/.exec(execFileSync("readelf", ["-n", whole], { encoding: "utf8" }))![1]!;
  const place = `/usr/lib/debug/.build-id/${id.slice(0, 2)}`;
  mkdirSync(place, { recursive: true });
  const file = `${place}/${id.slice(2)}.debug`;
  onTestFinished(
    () => void execFileSync("sh", ["-c", 'rm -f "$1"; rmdir -p --ignore-fail-on-non-empty "$2"', "sh", file, place]),
  );
  execFileSync("objcopy", ["--only-keep-debug", whole, file]);
  const { pid, at } = await startFunctions(stripped);
  const names = symbolizer({ sources: true });
  expect(names.mappings(pid).find(({ path }) => path === stripped)).toMatchObject({ buildId: id });
  const [hidden] = names.user(pid, [at.hidden + 1n], EXACT);
  expect(hidden).toMatchObject({ name: "hidden", offset: 1 });
  expect(hidden!.source).toMatch(/functions\.c:\d+$/);
});

test("source lines are those of addr2line, if they are asked for", async () => {
  const { pid, at } = await startFunctions(pie);
  const bias = at.main - nm(pie, "main");
  const addresses = [at.outer, at.hidden + 4n, at.main + 8n];
  const told = execFileSync("addr2line", ["-e", pie, ...addresses.map((one) => (one - bias).toString(16))], {
    encoding: "utf8",
  });
  const frames = symbolizer({ sources: true }).user(pid, addresses, EXACT);
  expect(frames.map(({ source }) => source)).toEqual(
    told
      .trim()
      .split("\n")
      .map((line) => line.replace(/ .*/, "")),
  );
  expect(symbolizer().user(pid, addresses, EXACT)[0]).not.toHaveProperty("source");
});

test("a recording's mappings name its addresses while the files are the same builds", async () => {
  const program = build(folder, "recorded", FUNCTIONS, "-Wl,--build-id=sha1");
  const process = await startFunctions(program);
  const mappings = symbolizer().mappings(process.pid);
  await process.ended();
  const stack = [process.at.hidden, process.at.puts];
  expect(
    symbolizer()
      .recorded(mappings, stack, EXACT)
      .map(({ name }) => name),
  ).toEqual(["hidden", "puts"]);
  build(folder, "recorded", FUNCTIONS, "-Wl,--build-id=sha1", "-O0");
  expect(
    symbolizer()
      .recorded(mappings, stack, EXACT)
      .map(({ name }) => name),
  ).toEqual(["[unknown]", "puts"]);
});

test("C++ names are demangled", async () => {
  const source = path.join(folder, "plus.cc");
  writeFileSync(
    source,
    `#include <cstdio>
#include <map>
#include <string>
namespace shop {
  template <typename T> struct Basket {
    __attribute__((noinline)) int add(std::map<std::string, T> &things, T thing) const { things["x"] = thing; return things.size(); }
  };
}
int main() {
  std::map<std::string, long> things;
  int (shop::Basket<long>::*add)(std::map<std::string, long> &, long) const = &shop::Basket<long>::add;
  for (auto name : {"outer", "hidden", "main", "puts"}) printf("%s %p\\n", name, *(void **)&add);
  fflush(stdout);
  return getchar() == EOF ? shop::Basket<long>().add(things, 3) - 1 : 1;
}
`,
  );
  const program = path.join(folder, "plus");
  execFileSync("g++", ["-O1", "-o", program, source]);
  const { pid, at } = await startFunctions(program);
  const mangled = /\S+add\S+$/m.exec(execFileSync("nm", [program], { encoding: "utf8" }))![0];
  const witness = execFileSync("c++filt", [mangled], { encoding: "utf8" }).trim();
  expect(witness).toContain("shop::Basket<long>::add(");
  expect(symbolizer().user(pid, [at.outer], EXACT)).toMatchObject([{ name: witness, offset: 0, module: "plus" }]);
}, 60_000);

test("the vDSO's functions are named", async () => {
  const { pid } = await startFunctions(pie);
  const line = readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .find((one) => one.endsWith("[vdso]"))!;
  const image = path.join(folder, "vdso");
  const [from, to] = line
    .split(" ")[0]!
    .split("-")
    .map((one) => Number(`0x${one}`)) as [number, number];
  execFileSync("dd", [
    `if=/proc/${pid}/mem`,
    `of=${image}`,
    "bs=4096",
    `skip=${from / 4096}`,
    `count=${(to - from) / 4096}`,
    "status=none",
  ]);
  const at = BigInt(from) + nm(image, "__vdso_clock_gettime", "-D");
  expect(symbolizer().user(pid, [at + 2n], EXACT)).toMatchObject([
    { name: "clock_gettime", offset: 2, module: "[vdso]" },
  ]);
});

test("files and descriptors stay within their bound, and all are closed", async () => {
  // Descriptors of files with code: others come and go with the processes.
  const open = (): string[] =>
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const link = readlinkSync(`/proc/self/fd/${fd}`);
        return /copy\d|libc\.so|\.debug|^\/proc/.test(link) ? [link] : [];
      } catch {
        return []; // the folder's own
      }
    });
  const processes = await Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const program = path.join(folder, `copy${i}`);
      copyFileSync(pie, program);
      return startFunctions(program);
    }),
  );
  const before = open();
  const names = new Symbolizer({ files: 3 });
  for (const { pid, at } of [...processes, ...processes])
    expect(names.user(pid, [at.hidden, at.puts], EXACT).map(({ name }) => name)).toEqual(["hidden", "puts"]);
  // One more for the debug information of libc, where that is installed.
  expect(open().length - before.length).toBeLessThanOrEqual(4);
  names.close();
  expect(open()).toEqual(before);
});
