// Starts a tracer on the first processor and measures what it takes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a tracer may take to attach. */
const ATTACH_MS = 60_000;
/** How long a tracer may take to end when asked. A killed tracer's usage is not known. */
const END_MS = 60_000;

/**
 * @param folder has the benchmark's programs, and takes files
 * @returns `child`; `pid`, which returns the tracer's own; `output`, the file that it writes to, undefined for a pipe;
 * `attached`, which resolves once its programs are attached, and rejects with the tracer's own words if it ends before;
 * `stop`, which ends it and resolves to `{ user, system, peak }`, in seconds and bytes
 */
export function startTracer(folder, command, { pipe = false } = {}) {
  const output = path.join(folder, "output");
  const report = path.join(folder, "usage.json");
  const complaints = path.join(folder, "complaints");
  const files = [pipe ? undefined : openSync(output, "w"), openSync(complaints, "w")];
  const child = spawn(path.join(folder, "usage"), [report, ...command], {
    stdio: ["ignore", pipe ? "pipe" : files[0], files[1]],
    // Other variables are the user's affair and could cost time: Node, for one, reads NODE_EXTRA_CA_CERTS at every
    // start.
    env: { PATH: process.env.PATH },
  });
  const gone = once(child, "exit");
  for (const file of files) if (file !== undefined) closeSync(file);
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const fail = (what) => {
    const words = readFileSync(complaints, "utf8").trim();
    throw new Error(`${path.basename(command[0])} ${what}: ${words || "it gave no reason"}`);
  };
  return {
    child,
    pid: () => below(child.pid),
    output: pipe ? undefined : output,
    async attached() {
      const deadline = performance.now() + ATTACH_MS;
      for (let before = 0, steady = 0; steady < 4;) {
        if (isGone()) fail("ended early");
        if (performance.now() > deadline) {
          child.kill("SIGKILL");
          fail(`was not attached after ${ATTACH_MS / 1000} s`);
        }
        await sleep(100);
        const now = attachments(below(child.pid));
        steady = now > 0 && now === before ? steady + 1 : 0;
        before = now;
      }
    },
    async stop() {
      if (isGone()) fail("ended early");
      child.kill("SIGINT");
      const late = setTimeout(() => child.kill("SIGKILL"), END_MS);
      await gone;
      clearTimeout(late);
      return JSON.parse(readFileSync(report, "utf8"));
    },
  };
}

/** The pid of the process that a `usage` has started; empty once it has ended. */
function below(usage) {
  try {
    return readFileSync(`/proc/${usage}/task/${usage}/children`, "utf8").trim();
  } catch {
    return "";
  }
}

/** How many links and perf events, which attach programs, a process holds. */
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
    return 0; // it has ended
  }
}
