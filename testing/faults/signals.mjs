// Sends signals to commands at random moments, while they start, trace and end, and looks for leftovers:
// `node signals.mjs [COUNT] [SEED]`. Prints figures, and ends with 1 if anything is left.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../packages/repl/bin/rxbpf.cjs", import.meta.url));
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"];
/** A command is sent its signal within this time. Most of them trace after a third of it. */
const LIFE_MS = 1_500;
/** How many commands run at the same time. */
const AT_ONCE = 3;
/** A command that has not ended this long after its signal is stuck. */
const STUCK_MS = 30_000;

/**
 * Sends a signal to each of `count` commands, and a second one to about half of them.
 * @returns how much was left, and how many commands ended wrongly, by name; and how often each signal was sent
 */
export async function sendSignals(count, seed) {
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-signals-"));
  const below = numbers(seed);
  const script = path.join(folder, "script.ts");
  writeFileSync(
    script,
    `import { execsnoop, opensnoop } from "@rxbpf/probes";
    import { toJson } from "@rxbpf/sinks";
    opensnoop().pipe(toJson(${JSON.stringify(path.join(folder, "opens-"))} + process.pid)).subscribe();
    for await (const { pid } of execsnoop()) if (pid < 0) break;`,
  );
  const commands = [
    () => ["opensnoop"],
    () => ["execsnoop", "--json"],
    () => ["tcpconnect", "--count"],
    () => ["record", "opensnoop", "execsnoop", "-o", mkdtempSync(path.join(folder, "recording-"))],
    () => ["run", script],
    () => [],
  ];
  const sent = Object.fromEntries(SIGNALS.map((signal) => [signal, 0]));
  const wrong = { stuck: 0, crashed: 0 };
  /** Objects that the commands held in the kernel when a signal was sent. */
  const objects = new Set();
  let begun = 0;

  const sendOne = async () => {
    const args = commands[below(commands.length)]();
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ["pipe", "ignore", "pipe"] });
    let complaints = "";
    child.stderr.on("data", (text) => (complaints += text));
    const ended = new Promise((resolve) => child.once("exit", (status, signal) => resolve({ status, signal })));
    child.stdin.on("error", () => {});
    if (args.length === 0) child.stdin.write("const opens = opensnoop()\nopens\n");
    await sleep(below(LIFE_MS));
    const signals = [below(SIGNALS.length), ...(below(2) === 0 ? [below(SIGNALS.length)] : [])];
    for (const signal of signals.map((at) => SIGNALS[at])) {
      for (const object of heldBy(child.pid)) objects.add(object);
      if (child.kill(signal)) sent[signal]++;
      await sleep(below(100));
    }
    const outcome = await Promise.race([ended, sleep(STUCK_MS, "stuck", { ref: false })]);
    if (outcome === "stuck") {
      wrong.stuck++;
      child.kill("SIGKILL");
      await ended;
    } else if (outcome.signal === null ? outcome.status !== 0 : !SIGNALS.includes(outcome.signal)) {
      wrong.crashed++;
      console.error(`rxbpf ${args.join(" ")} ended with ${outcome.signal ?? outcome.status}: ${complaints}`);
    }
  };
  const sendSome = async () => {
    while (begun++ < count) await sendOne();
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, sendSome));
    const left = await stillThere(objects);
    // The next prompt removes the folders of killed ones.
    execFileSync(process.execPath, [MAIN], { env: { ...process.env, TMPDIR: folder }, input: "1\n", stdio: "pipe" });
    const folders = readdirSync(folder).filter((name) => name.startsWith("rxbpf-session-"));
    return { sent, left: { ...wrong, "objects in the kernel": left.length, "temporary folders": folders.length } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes a generator of random numbers below a limit, the same for the same seed. */
function numbers(seed) {
  let state = seed;
  return (below) => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8) % below;
}

/** The objects that stay in the kernel. It frees them a while after their processes have ended. */
async function stillThere(objects) {
  for (let i = 0; ; i++) {
    const left = ["prog", "map", "link"].flatMap((kind) =>
      shown(kind)
        .map(({ id }) => `${kind} ${id}`)
        .filter((object) => objects.has(object)),
    );
    if (left.length === 0 || i === 20) return left;
    await sleep(500);
  }
}

/** bpftool fails if an object is freed while it lists them. */
function shown(kind) {
  for (let attempt = 1; ; attempt++) {
    try {
      return JSON.parse(execFileSync("bpftool", ["-jf", kind, "show"], { encoding: "utf8", stdio: "pipe" }));
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

function heldBy(pid) {
  try {
    return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
      const [, kind, id] =
        /^(link|prog|map)_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8")) ?? [];
      return kind === undefined ? [] : [`${kind} ${id}`];
    });
  } catch {
    return []; // it has ended
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [count = 150, seed = Date.now() % 100_000] = process.argv.slice(2).map(Number);
  const { sent, left } = await sendSignals(count, seed);
  const each = Object.entries(sent).map(([signal, times]) => `${times} ${signal}`);
  console.log(`signals: ${each.join(", ")}, to ${count} commands (seed ${seed})`);
  for (const [name, figure] of Object.entries(left)) console.log(`signals, ${name}: ${figure}`);
  process.exitCode = Object.values(left).some((figure) => figure > 0) ? 1 : 0;
}
