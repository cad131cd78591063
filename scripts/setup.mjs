// Makes a clone ready to run: system packages, npm packages, the build. Does only what is missing,
// and says nothing when nothing is. With --test or --kernels also what those tests need; with --check what the checks
// need, less the build, which is one of them.
// It runs before `npm ci`, and its first lines on any Node: hence no imports before the check.
const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 20 || (major === 20 && minor >= 19)) {
  main().catch((error) => fail(error.message));
} else {
  fail(`Cannot set up: this is Node ${process.versions.node}; install Node 20.19 or later`);
}

async function main() {
  const { installSystemPackages } = await import("./setup/system.mjs");
  const { installModules } = await import("./setup/modules.mjs");
  const { build } = await import("./setup/build.mjs");
  process.chdir(new URL("..", import.meta.url).pathname);
  const purposes = process.argv.slice(2).map((argument) => argument.replace(/^--/, ""));
  installSystemPackages(purposes);
  installModules();
  if (!purposes.includes("check")) build();
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
