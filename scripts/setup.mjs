// `node scripts/setup.mjs [PURPOSE]` makes a clone ready for a command of package.json, by default for `npm start`:
// system packages, npm packages, the build. It does only what is missing, and prints nothing if nothing is. It runs
// before `npm ci`, and its first lines run on any Node, so nothing is imported before the check.
const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 20 || (major === 20 && minor >= 19)) {
  main().catch((error) => fail(error.message));
} else {
  fail(`Cannot set up: this is Node ${process.versions.node}; install Node 20.19 or later`);
}

async function main() {
  const { stepsFor } = await import("./setup/steps.mjs");
  const { underLock } = await import("./setup/lock.mjs");
  process.chdir(new URL("..", import.meta.url).pathname);
  const [purpose = "start", locked] = process.argv.slice(2);
  const steps = stepsFor(purpose);
  if (steps.every(({ done }) => done())) return;
  if (locked === undefined) {
    process.exitCode = underLock([process.execPath, "scripts/setup.mjs", purpose, "locked"]);
    return;
  }
  const { giveToOwner } = await import("./setup/owner.mjs");
  try {
    for (const { done, act } of steps) if (!done()) act();
  } finally {
    giveToOwner();
  }
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
