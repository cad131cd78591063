// Starts a tracer on the first processor and tells what it took.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a tracer may take to attach. */
const ATTACH_MS = 60_000;
/** How long a tracer that was asked to end may take; one that is killed has no usage to tell. */
const END_MS = 60_000;

/**
 * @param folder where the programs of the benchmark are, and files may be put
 * @returns `child`, and `pid`, which tells the tracer's own; `output`, the file that it writes to, or undefined where it writes to a pipe; `attached`, which
 * resolves once its programs are, and rejects with the tracer's own words where it ends before; `stop`, which ends it
 * and resolves to `{ user, system, peak }`, in seconds and bytes
 */
export function startTracer(folder, command, { pipe = false } = {}) {
  const output = path.join(folder, "output");
  const report = path.join(folder, "usage.json");
  const complaints = path.join(folder, "complaints");
  const files = [pipe ? undefined : openSync(output, "w"), openSync(complaints, "w")];
  const child = spawn(path.join(folder, "usage"), [report, ...command], {
    stdio: ["ignore", pipe ? "pipe" : files[0], files[1]],
    // What else is set concerns whoever runs this; Node, for one, reads NODE_EXTRA_CA_CERTS whenever it starts.
    env: { PATH: process.env.PATH },
  });
  const gone = once(child, "exit");
  for (const file of files) if (file !== undefined) closeSync(file);
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const fail = (what) => {
    const words = readFileSync(complaints, "utf8").trim();
    throw new Error(`${path.basename(command[0])} ${what}: ${words || "it did not say why"}`);
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

/** The process that a `usage` has started, or an empty text once it has ended. */
function below(usage) {
  try {
    return readFileSync(`/proc/${usage}/task/${usage}/children`, "utf8").trim();
  } catch {
    return "";
  }
}

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
    return 0; // it has ended
  }
}
