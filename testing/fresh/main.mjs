// `npm run test:fresh [-- STEP...]`: the commands of package.json on a bare Debian, as a user who has just cloned the
// repository, and as root. What is tested is HEAD.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

import { removeRoot, startMachine } from "./machine.mjs";
import { makeRoot, registryEnvironment } from "./root.mjs";

const USER = 1000;
const HOME = "/home/user";
const START = ["start", "--", "opensnoop", "-x", "--duration", "2"];
const BENCH = ["run", "bench", "--", "--rounds", "1", "--seconds", "2"];
const MISSING = /^Cannot set up: Debian packages are missing: .* Run: sudo apt-get install .*\n$/;

/** The steps by name: npm's arguments, the user, the expected status, and what the output must match. */
const STEPS = {
  "user: start, bare": { npm: START, user: USER, status: 1, says: MISSING },
  "user: test, bare": { npm: ["test"], user: USER, status: 1, says: MISSING },
  "user: check, bare": { npm: ["run", "check"], user: USER, status: 1, says: MISSING },
  "user: bench, bare": { npm: ["run", "bench"], user: USER, status: 1, says: MISSING },
  "user: test:kernels, bare": { npm: ["run", "test:kernels"], user: USER, status: 1, says: MISSING },
  "user: test:fresh, bare": { npm: ["run", "test:fresh"], user: USER, status: 1, says: MISSING },
  "user: format, bare": { npm: ["run", "format"], user: USER, status: 1, says: MISSING },
  start: { npm: START, status: 0, says: /^PID +COMM +FD +ERR +PATH$/m },
  test: { npm: ["test"], status: 0, says: /\n\d+ passed, 0 failed\n$/ },
  release: { npm: ["run", "test:release"], status: 0, says: /\n\d+ passed, 0 failed\n$/ },
  check: { npm: ["run", "check"], status: 0, says: /Successfully ran targets/ },
  bench: { npm: BENCH, status: 0, says: /\n\{"rounds":1,.*\n$/ },
  "user: start": { npm: START, user: USER, status: 1, says: /^rxbpf: Cannot load opensnoop: .* are missing; .*\n$/ },
  "user: test": {
    npm: ["test"],
    user: USER,
    env: { NX_SKIP_NX_CACHE: "true" },
    status: 0,
    says: /^The tests against the kernel need root, [^]*\n\d+ passed, 0 failed\n$/,
  },
  "user: check": { npm: ["run", "check"], user: USER, status: 0, says: /Successfully ran targets/ },
  "user: bench": { npm: BENCH, user: USER, status: 1, says: /^Cannot measure: tracing needs root; run: .*\n$/ },
};

const repository = fileURLToPath(new URL("../..", import.meta.url));
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(STEPS);
const unknown = wanted.filter((name) => !Object.hasOwn(STEPS, name));
if (unknown.length > 0) refuse(`there is no step ${unknown.join(" ")}; there are ${Object.keys(STEPS).join(", ")}`);
if (process.getuid() !== 0) refuse("making one needs root; run: sudo npm run test:fresh");

const root = attempt(makeRoot);
let machine;
const clearUp = () => {
  const left = machine?.stop() ?? [];
  machine = undefined;
  removeRoot(root);
  return left;
};
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    clearUp();
    process.exit(1);
  });

const results = [];
try {
  clone();
  machine = await startMachine(root);
  await prepare();
  for (const name of wanted) results.push([name, await passes(name, STEPS[name])]);
} finally {
  const left = clearUp();
  if (left.length > 0) results.push([`nothing is left running, but ${left.join(" ")} was`, false]);
}
console.log();
for (const [name, passed] of results) console.log(`${passed ? "ok     " : "FAILED "} ${name}`);
const failed = results.filter(([, passed]) => !passed).length;
console.log(`\n${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** Into a home that only its owner may enter. */
function clone() {
  const to = path.join(root, HOME, "rxbpf");
  execFileSync("git", ["clone", "--quiet", "--depth=1", `file://${repository}`, to], { stdio: "inherit" });
}

async function prepare() {
  const script = `
    useradd --uid ${USER} --home-dir ${HOME} --no-create-home user
    if [ -f /root/.npmrc ]; then cp /root/.npmrc ${HOME}; fi
    chown -R user: ${HOME}
    chmod 700 ${HOME}`;
  const { status, output } = await machine.run(["sh", "-ec", script], {});
  if (status !== 0) throw new Error(output);
}

async function passes(name, { npm, user, env = {}, status: wantedStatus, says }) {
  console.log(`\n## ${name}: npm ${npm.join(" ")}`);
  const began = performance.now();
  // npm's own lines would only clutter the output.
  const { status, output } = await machine.run(["npm", "--silent", ...npm], {
    user,
    cwd: `${HOME}/rxbpf`,
    env: { ...registryEnvironment(), HOME: user ? HOME : "/root", ...env },
    show: (text) => process.stdout.write(text),
  });
  const passed = status === wantedStatus && says.test(stripVTControlCharacters(output));
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    `## ${passed ? "ok" : `FAILED: status ${status}, not ${wantedStatus}, or not what it should say`}, ${seconds} s`,
  );
  return passed;
}

function attempt(make) {
  try {
    return make();
  } catch (error) {
    return refuse(error.message);
  }
}

function refuse(why) {
  console.error(`Cannot test on a fresh machine: ${why}`);
  process.exit(1);
}
