// The image that a guest boots into: Node, the command and their needs, in an initramfs.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { packageNames } from "../packages.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const repository = fileURLToPath(new URL("../..", import.meta.url));

/** Libraries that the command opens by name. */
const OPENED = ["libbpf.so.1", "libzstd.so.1"];
/** The packages, by folder. */
const PACKAGES = packageNames();
const MODULES = ["koffi", "@koromix", "oxc-parser", "@oxc-parser"];
/** Programs that make events, compiled here as a guest has no compiler. */
const PROGRAMS = [
  "packages/probes/test/opensnoop/programs/uring.c",
  "packages/probes/test/programs/sandbox.c",
  "testing/sockets.c",
  "testing/attacks.c",
  "testing/busy.c",
  "testing/first-exec.c",
];

/** Writes the image to a file. */
export function makeImage(file) {
  const root = mkdtempSync(path.join(tmpdir(), "rxbpf-image-"));
  chmodSync(root, 0o755); // all users of a guest may read its root
  try {
    const place = (from, to) => cpSync(from, path.join(root, to), { recursive: true, dereference: true });
    const libraries = OPENED.map(libraryPath);
    const native = MODULES.flatMap((name) => nativeFiles(path.join(repository, "node_modules", name)));
    const opened = [process.execPath, ...libraries, ...native];
    for (const one of new Set([...libraries, ...opened.flatMap(needed)])) place(one, one);
    place(realpathSync(process.execPath), "bin/node");
    place("/bin/busybox", "bin/busybox");
    for (const [folder, name] of Object.entries(PACKAGES))
      for (const part of ["package.json", "dist", "bin", "bpf"])
        if (existsSync(path.join(repository, "packages", folder, part)))
          place(path.join(repository, "packages", folder, part), `node_modules/${name}/${part}`);
    for (const name of MODULES) place(path.join(repository, "node_modules", name), `node_modules/${name}`);
    for (const source of PROGRAMS) {
      const program = path.join(root, "bin", path.basename(source, ".c"));
      execFileSync("cc", ["-O1", "-static", "-pthread", "-o", program, path.join(repository, source)]);
    }
    place(path.join(here, "init"), "init");
    place(path.join(here, "guest.mjs"), "guest.mjs");
    writeFileSync(path.join(root, "host.json"), JSON.stringify({ btf: statSync("/sys/kernel/btf/vmlinux").size }));
    const files = execFileSync("find", ["."], { cwd: root, maxBuffer: 1 << 26 });
    const stdio = ["pipe", openSync(file, "w"), "inherit"];
    execFileSync("cpio", ["-o", "-H", "newc", "--quiet"], { cwd: root, input: files, stdio });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The path of a library on this system. */
function libraryPath(name) {
  const line = execFileSync("ldconfig", ["-p"], { encoding: "utf8" })
    .split("\n")
    .find((one) => one.includes(`${name} (`));
  if (line === undefined) throw new Error(`There is no ${name}`);
  return line.split(" => ")[1];
}

/** The native modules of a package, for this processor. */
function nativeFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".node") && name.includes("linux-x64") && !name.includes("musl"))
    .map((name) => path.join(folder, name));
}

/** The libraries that a file is linked with, and the loader. */
function needed(file) {
  const output = execFileSync("ldd", [file], { encoding: "utf8" });
  return output.match(/\/\S+(?= \()/g) ?? [];
}
