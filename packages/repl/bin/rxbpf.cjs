#!/usr/bin/env node
// npm links a command only to a file that is there at install time, and dist is not yet.

const [, , command] = process.argv;
if (command === undefined) import("../dist/prompt/main.js").catch(failed);
// What runs a user's code shares the packages with it. All else starts from the bundle, in a third of the time.
else if (command === "run") import("../dist/main.js").catch(failed);
else {
  try {
    require("../dist/bundle/main.cjs");
  } catch (error) {
    failed(error);
  }
}

/** One line. Where only few files may be open, modules cannot be read, and Node may say that there is no such package. */
function failed(error) {
  const state = isBuilt() ? error.message.split("\n")[0] : "this clone is not built; run: npm start";
  const advice = opensFew() ? "; allow this process more open files: ulimit -n 1024" : "";
  console.error(`rxbpf: Cannot start: ${state}${advice}`);
  process.exitCode = 1;
}

function isBuilt() {
  return require("node:fs").existsSync(require("node:path").join(__dirname, "../dist/bundle/main.cjs"));
}

function opensFew() {
  try {
    return /^Max open files +(\d+)/m.exec(require("node:fs").readFileSync("/proc/self/limits", "utf8"))[1] < 256;
  } catch {
    return true;
  }
}
