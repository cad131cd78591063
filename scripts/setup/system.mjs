import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";

import { step } from "./step.mjs";

const COMPILER = {
  gcc: () => command("gcc") && command("cc"),
  "libc6-dev": () => existsSync("/usr/include/stdio.h"),
};

/** The command of the package busybox, which is not static, has the same name. */
const BUSYBOX = () => existsSync("/usr/share/doc/busybox-static");

/**
 * Debian packages that are needed, each with a test for what it provides. None of them starts a service: apache2-bin
 * and redis-tools contain only the servers' programs, Podman's service waits at a socket of root's until it is used, and
 * those in SERVICES are kept from it.
 */
const NEEDS = {
  build: {
    clang: () => command("clang"),
    "libbpf-dev": () => existsSync("/usr/include/bpf/bpf_helpers.h"),
    libbpf1: () => library("libbpf.so.1"),
    libzstd1: () => library("libzstd.so.1"),
  },
  unit: {
    ...COMPILER,
    "g++": () => command("g++"),
    libdw1: () => library("libdw.so.1"),
    "nats-server": () => command("nats-server"),
  },
  test: {
    "apache2-bin": () => command("apache2"),
    bpftool: () => command("bpftool"),
    "busybox-static": BUSYBOX,
    crun: () => command("crun"),
    curl: () => command("curl"),
    fish: () => command("fish"),
    iproute2: () => ["ip", "ss", "nstat"].every(command),
    "libbpf-tools": () => command("exitsnoop"),
    make: () => command("make"),
    mandoc: () => command("mandoc"),
    podman: () => command("podman"),
    procps: () => ["pgrep", "sysctl"].every(command),
    "redis-tools": () => command("redis-check-rdb"),
    strace: () => command("strace"),
    tcpdump: () => command("tcpdump"),
    zsh: () => command("zsh"),
  },
  release: {
    chromium: () => command("chromium"),
    "golang-go": () => command("go"),
  },
  bench: COMPILER,
  kernels: {
    ...COMPILER,
    "qemu-system-x86": () => command("qemu-system-x86_64"),
    "busybox-static": BUSYBOX,
    cpio: () => command("cpio"),
  },
  pictures: {
    chromium: () => command("chromium"),
    make: () => command("make"),
    ...COMPILER,
  },
  format: {
    "clang-format": () => command("clang-format"),
  },
  fresh: {
    debootstrap: () => command("debootstrap"),
  },
};

/** Services of packages above, which would listen to the network from their installation on. */
const SERVICES = { "nats-server": "nats-server.service" };

/** What each kind is for, in messages. */
const WHY = {
  build: "to build and run",
  unit: "for the tests",
  test: "for the kernel tests",
  bench: "for the benchmark",
  kernels: "for the tests on other kernels",
  pictures: "to make the pictures",
  format: "to format C",
  fresh: "for the test on a fresh machine",
};

/** The missing Debian packages of these kinds. */
export function missingPackages(kinds) {
  return [...new Set(kinds.flatMap(missingOf))];
}

/**
 * Installs the missing packages of these kinds.
 * @throws Error with the command to run, if it cannot run that itself
 */
export function installPackages(kinds) {
  const packages = missingPackages(kinds);
  const named = kinds
    .filter((kind) => missingOf(kind).length > 0)
    .map((kind) => `${missingOf(kind).join(", ")} ${WHY[kind]}`)
    .join("; ");
  const install = ["apt-get", "install", "--yes", "--no-install-recommends", ...packages];
  const state = `Debian packages are missing: ${named}`;
  if (!command("apt-get")) throw new Error(`Cannot set up: ${state}. Install this system's equivalents`);
  if (process.getuid() !== 0) throw new Error(`Cannot set up: ${state}. Run: sudo ${install.join(" ")}`);

  for (const name of packages) if (SERVICES[name]) mask(SERVICES[name]);
  process.env.DEBIAN_FRONTEND = "noninteractive";
  // A failed update of the package lists does not matter if the packages can be installed all the same.
  spawnSync("apt-get", ["update"], { stdio: "ignore" });
  // Waits for other installations, such as the machine's own updates, to end.
  step(`Installing Debian packages: ${named}`, [...install, "-o", "DPkg::Lock::Timeout=300"]);
  const still = missingPackages(kinds);
  if (still.length > 0)
    throw new Error(
      `Cannot set up: ${still.join(", ")} missing, though installed. Run: apt-get install --reinstall ${still.join(" ")}`,
    );
}

/** Keeps systemd from starting a service, as `systemctl mask` does. */
function mask(service) {
  const link = path.join("/etc/systemd/system", service);
  mkdirSync(path.dirname(link), { recursive: true });
  if (!lstatSync(link, { throwIfNoEntry: false })) symlinkSync("/dev/null", link);
}

function missingOf(kind) {
  return Object.entries(NEEDS[kind]).flatMap(([name, isThere]) => (isThere() ? [] : [name]));
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
