// Kernels from Debian's packages. Nothing is installed: apt works in a folder of its own.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";
const cache = fileURLToPath(new URL("../../node_modules/.cache/rxbpf-kernels/", import.meta.url));

/**
 * By name: the archive and suite of the kernel, the package that depends on its newest version, and whether it is too
 * old to trace.
 */
export const kernels = {
  "5.10": { archive: "debian-security", suite: "bullseye-security", latest: "linux-image-cloud-amd64", tooOld: true },
  6.1: { archive: "debian-security", suite: "bookworm-security", latest: "linux-image-cloud-amd64" },
  6.12: { archive: "debian-security", suite: "bookworm-security", latest: "linux-image-6.12-cloud-amd64" },
  newest: { archive: "debian", suite: "trixie-backports", latest: "linux-image-cloud-amd64" },
};

/** Returns the file of a kernel, which is fetched once. @throws Error if the archive no longer has it */
export function fetchKernel(name) {
  const file = path.join(cache, name, "vmlinuz");
  if (existsSync(file)) return file;
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-kernel-"));
  try {
    const apt = aptIn(folder, kernels[name]);
    apt("apt-get", "update");
    const image = newest(apt, kernels[name].latest);
    // Since 7.1 the kernel of an image package is in another package.
    const packages = [image, ...depends(apt, image)].filter((one) => /^linux-(image|binary)-/.test(one));
    for (const one of packages) apt("apt-get", "download", one);
    for (const deb of found(folder, "*.deb")) execFileSync("dpkg", ["-x", deb, folder]);
    const [vmlinuz] = found(folder, "vmlinuz*");
    if (vmlinuz === undefined) throw new Error(`${packages.join(" ")} have no kernel`);
    mkdirSync(path.dirname(file), { recursive: true });
    renameSync(vmlinuz, file);
    return file;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes a function that runs apt commands with all state below a folder, for one suite of the system's mirror. */
function aptIn(folder, { archive, suite }) {
  for (const name of ["lists/partial", "cache/archives/partial"])
    mkdirSync(path.join(folder, name), { recursive: true });
  const list = path.join(folder, "sources.list");
  writeFileSync(list, `deb [signed-by=${KEYS}] ${mirrorOf(archive)} ${suite} main\n`);
  const settings = {
    "Dir::Etc::sourcelist": list,
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State::lists": path.join(folder, "lists"),
    "Dir::Cache": path.join(folder, "cache"),
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return (command, ...args) =>
    execFileSync(command, ["-q", ...options, ...args], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
}

function mirrorOf(archive) {
  const used = execFileSync("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], {
    encoding: "utf8",
  });
  const mirror = used.split("\n").find((uri) => uri.replace(/\/$/, "").endsWith(`/${archive}`));
  if (mirror === undefined) throw new Error(`The system's sources of packages name no mirror of ${archive}`);
  return mirror;
}

/** The versioned package that the newest version of another depends on. */
function newest(apt, name) {
  return depends(apt, name).find((one) => one.startsWith("linux-image-"));
}

function depends(apt, name) {
  const fields = apt("apt-cache", "show", "--no-all-versions", name);
  const line = /^Depends: (.*)$/m.exec(fields)?.[1] ?? "";
  return line.split(/[,|] */).map((one) => one.replace(/ .*/, ""));
}

function found(folder, name) {
  const output = execFileSync("find", [folder, "-type", "f", "-name", name], { encoding: "utf8" });
  return output.split("\n").filter(Boolean).sort();
}
