import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

import { step } from "./step.mjs";

// What is needed, looked for by what it gives, and the Debian package that gives it.
const NEEDS = {
  build: {
    clang: () => command("clang"),
    "libbpf-dev": () => existsSync("/usr/include/bpf/bpf_helpers.h"),
    libbpf1: () => library("libbpf.so.1"),
    libzstd1: () => library("libzstd.so.1"),
  },
  test: {
    bpftool: () => command("bpftool"),
    "g++": () => command("g++"),
    libdw1: () => library("libdw.so.1"),
    strace: () => command("strace"),
  },
  kernels: {
    "qemu-system-x86": () => command("qemu-system-x86_64"),
    // The command of busybox, which is not static, has the same name.
    "busybox-static": () => existsSync("/usr/share/doc/busybox-static"),
    cpio: () => command("cpio"),
  },
  check: {
    "clang-format": () => command("clang-format"),
  },
};

/**
 * Installs the Debian packages that are missing for the build, and for each of `purposes`.
 * @throws Error with the command to run, where it cannot run that itself
 */
export function installSystemPackages(purposes) {
  const needs = Object.assign({}, NEEDS.build, ...purposes.map((purpose) => NEEDS[purpose]));
  const missing = () => Object.keys(needs).filter((name) => !needs[name]());
  const packages = missing();
  if (packages.length === 0) return;

  const install = ["apt-get", "install", "--yes", "--no-install-recommends", ...packages];
  const names = packages.join(", ");
  if (!command("apt-get"))
    throw new Error(
      `Cannot set up: ${names} missing, and there is no apt-get; install what this system has for: ${install.join(" ")}`,
    );
  if (process.getuid() !== 0) throw new Error(`Cannot set up: ${names} missing; run: sudo ${install.join(" ")}`);

  process.env.DEBIAN_FRONTEND = "noninteractive";
  // A list that cannot be updated does not matter if the packages come all the same.
  spawnSync("apt-get", ["update"], { stdio: "ignore" });
  step(`Installing the Debian packages ${names}`, install);
  const still = missing();
  if (still.length > 0)
    throw new Error(
      `Cannot set up: ${still.join(", ")} missing, though installed; reinstall with: ${install.join(" ")}`,
    );
}

function command(name) {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(path.join(folder, name)));
}

function library(soname) {
  const folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu"];
  if (folders.some((folder) => existsSync(path.join(folder, soname)))) return true;
  const cache = spawnSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" });
  return cache.stdout?.includes(`\t${soname} `) ?? false;
}
