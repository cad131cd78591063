import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const include = path.join(path.dirname(fileURLToPath(import.meta.url)), "include");

/** clang's flags for our BPF programs. */
export function clangFlags() {
  // With -target bpf, clang does not search Debian's multiarch directory, which has <asm/types.h>.
  const multiarch = spawnSync("clang", ["-print-multiarch"], { encoding: "utf8" }).stdout?.trim();
  return [
    ...["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-D__TARGET_ARCH_x86"],
    ...["-Wall", "-Werror", "-Wno-missing-declarations"],
    ...["-I", include, "-idirafter", `/usr/include/${multiarch || "x86_64-linux-gnu"}`],
  ];
}
