// A bare Debian, made once by debootstrap and kept in the user's cache folder, with this machine's Node.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"), "rxbpf-fresh");

/** Unpacks a new root and returns its folder. It gets this machine's settings for reaching registries. */
export function makeRoot() {
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const archive = path.join(cache, `${debian().suite}.tar`);
  if (!existsSync(archive)) bootstrap(archive);
  const root = mkdtempSync(path.join(cache, "root-"));
  try {
    execFileSync("tar", ["--extract", "--file", archive, "--directory", root]);
    chmodSync(root, 0o755);
    addNode(root);
    addRegistries(root);
    return root;
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

function bootstrap(archive) {
  const { suite, mirror } = debian();
  console.log(`Making a bare Debian ${suite} with debootstrap; later runs reuse it`);
  const folder = mkdtempSync(path.join(cache, "making-"));
  try {
    execFileSync("debootstrap", ["--variant=minbase", suite, folder, mirror], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    execFileSync("tar", ["--create", "--file", `${archive}.new`, "--directory", folder, "."]);
    renameSync(`${archive}.new`, archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The release of this machine, and the mirror of its packages. */
function debian() {
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const lines = output("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages").split(
    "\n",
  );
  const mirror = lines.find((line) => line.startsWith(`${suite} `))?.split(" ")[1];
  if (mirror === undefined) throw new Error("this machine's sources of packages have no Debian release");
  return { suite, mirror };
}

function addNode(root) {
  cpSync(realpathSync(process.execPath), path.join(root, "usr/local/bin/node"));
  const npm = path.resolve(realpathSync(process.env.npm_execpath ?? output("sh", "-c", "command -v npm")), "../..");
  cpSync(npm, path.join(root, "usr/local/lib/node_modules/npm"), { recursive: true });
  for (const name of ["npm", "npx"])
    execFileSync("ln", ["-s", `../lib/node_modules/npm/bin/${name}-cli.js`, path.join(root, "usr/local/bin", name)]);
}

function addRegistries(root) {
  const place = (file, to = file) => {
    if (existsSync(file)) cpSync(file, path.join(root, to), { recursive: true, dereference: true });
  };
  for (const file of ["/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"]) place(file);
  for (const name of ["sources.list", "sources.list.d", "auth.conf", "auth.conf.d"]) place(`/etc/apt/${name}`);
  const acquire = output("apt-config", "dump")
    .split("\n")
    .filter((line) => line.startsWith("Acquire::"));
  writeFileSync(path.join(root, "etc/apt/apt.conf.d/99host"), `${acquire.join("\n")}\n`);
  place(output("npm", "config", "get", "userconfig"), "root/.npmrc");
  place(output("npm", "config", "get", "globalconfig"), "usr/local/etc/npmrc");
  const certificates = [output("npm", "config", "get", "cafile"), process.env.NODE_EXTRA_CA_CERTS];
  for (const file of certificates) if (file?.startsWith("/")) place(file);
}

/** The environment's settings for reaching registries. */
export function registryEnvironment() {
  const proxies = Object.entries(process.env).filter(([name]) =>
    /^((https?|no)_proxy|node_extra_ca_certs)$/i.test(name),
  );
  return { ...Object.fromEntries(proxies), npm_config_registry: output("npm", "config", "get", "registry") };
}

function output(command, ...args) {
  return execFileSync(command, args, { encoding: "utf8" }).trim();
}
