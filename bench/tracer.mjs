// Starts a tracer on the first processor, its output in a file, and waits until its programs are attached.
import { spawn } from "node:child_process";
import { openSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How many links and perf events a process holds: what attaches its programs. */
function attachments(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
      try {
        return /bpf_link|bpf-link|perf_event/.test(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false; // closed meanwhile
      }
    }).length;
  } catch {
    return 0;
  }
}

/** @returns a function that ends the tracer and resolves when it has gone */
export async function startTracer([command, ...args], output) {
  const file = openSync(output, "w");
  const child = spawn("taskset", ["-c", "0", command, ...args], { stdio: ["ignore", file, file] });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  for (let before = 0, steady = 0; steady < 4;) {
    if (child.exitCode !== null) throw new Error(`${command} ended with status ${child.exitCode}; see ${output}`);
    await sleep(100);
    const now = attachments(child.pid);
    steady = now > 0 && now === before ? steady + 1 : 0;
    before = now;
  }
  return async () => {
    child.kill("SIGINT");
    const late = setTimeoutKill(child);
    await gone;
    clearTimeout(late);
  };
}

function setTimeoutKill(child) {
  return setTimeout(() => child.kill("SIGKILL"), 5000);
}
