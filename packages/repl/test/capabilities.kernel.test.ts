import { spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

import { cgroupMounts, PinnedSet } from "@rxbpf/filters";
import { afterAll, beforeAll, expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { compile, run, start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf, runThrough } from "./cli.js";

// The table of docs/security.md, row by row: what the command needs is enough, and all of it is needed.

const page = readFileSync(new URL("../../../docs/security.md", import.meta.url), "utf8");
const table = page.slice(page.indexOf("\n## Capabilities\n"), page.indexOf("\n## Fault runs\n"));
const rows = [...table.matchAll(/^\| `rxbpf (.+)` \| (.+) \|$/gm)].map(([, command, needs]) => ({
  command: command!,
  needs: needs === "none" ? [] : needs!.split(", "),
}));

const NOBODY = 65534;
const folder = temporaryFolder();
const bpffs = join(folder, "bpf");
const recording = join(folder, "recording.arrow");
const [cgroup] = cgroupMounts();
/** A cgroup that only its owner may look into, as that of some services. It keeps nobody else from tracing. */
const closed = join(cgroup!.path, uniqueName());
/** A process of another user. */
const other = spawn("sleep", ["600"], { stdio: "ignore" });

afterAll(async () => {
  other.kill();
  rmdirSync(closed);
  await run("umount", [bpffs]);
});

beforeAll(async () => {
  chmodSync(folder, 0o777);
  mkdirSync(closed, { mode: 0o700 });
  mkdirSync(bpffs);
  await run("mount", ["-t", "bpf", "bpf", bpffs]);
  chmodSync(bpffs, 0o777);
  await rxbpf("record", "opensnoop", "--duration", "1", "-o", recording);
  chmodSync(recording, 0o644);
}, 60_000);

/** A set that nobody may edit, which holds the root. */
function makeSet(kind: "cgroup" | "mntns"): string {
  const path = join(bpffs, uniqueName());
  const set = PinnedSet.create(path, kind);
  if (kind === "cgroup") set.add(cgroup!.path);
  set.close();
  chownSync(path, NOBODY, NOBODY);
  return path;
}

/** A command of the table, its words filled in. */
function argsOf(command: string): string[] {
  const isProbe = /^(\w*snoop|tcp\w+|filetop|syscount|record)\b/.test(command);
  const words: Record<string, () => string> = {
    CGROUP: () => cgroup!.path,
    RECORDING: () => recording,
    NEW: () => join(folder, `${uniqueName()}.arrow`),
    PIN: () => join(bpffs, uniqueName()),
    SET: () => makeSet("cgroup"),
    NAMESPACES: () => makeSet("mntns"),
    PID: () => String(other.pid),
    "pid:PID": () => `pid:${other.pid}`,
  };
  const args = command.split(" ").map((word) => words[word]?.() ?? word);
  return isProbe ? [...args, "--duration", "1"] : args;
}

/** Makes a command that of nobody, with these capabilities. */
function asNobody(capabilities: readonly string[]): string[] {
  const names = capabilities.map((name) => `,+${name.replace("CAP_", "").toLowerCase()}`).join("");
  const sets = ["--inh-caps", "--ambient-caps", "--bounding-set"].map((set) => `${set}=-all${names}`);
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return ["setpriv", ...user, ...sets];
}

/** Runs a command of the table as nobody with these capabilities. */
function runWith(capabilities: readonly string[], command: string) {
  return runThrough(asNobody(capabilities), ...argsOf(command));
}

test("the table has every command that looks at the kernel", () => {
  expect(rows.length).toBeGreaterThan(15);
  for (const { command } of rows) expect(argsOf(command)).not.toEqual([]);
});

test.each(rows)("rxbpf $command", { timeout: 60_000 }, async ({ command, needs }) => {
  // No word on stderr but what was recorded: nothing of what it can show is left out.
  const wanted = command.startsWith("record ") ? expect.stringMatching(/^rxbpf: recorded [^\n]*\n$/) : "";
  expect(await runWith(needs, command)).toMatchObject({ status: 0, stderr: wanted });
  for (const missing of needs) {
    const rest = needs.filter((name) => name !== missing);
    const { status, stderr } = await runWith(rest, command);
    expect({ missing, status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining(missing) });
    expect(stderr).toMatch(/^rxbpf: Cannot [^\n]*\n$/);
  }
});

test("opens through io_uring are seen with just the two capabilities", async () => {
  const uring = compile(new URL("../../probes/test/opensnoop/programs/uring.c", import.meta.url), folder);
  const tracer = [...asNobody(["CAP_BPF", "CAP_PERFMON"]), ...commandLine("opensnoop", "-n", "uring", "-F")];
  const child = start(tracer[0]!, tracer.slice(1));
  await child.line();
  expect(await run(uring, ["kinds", folder])).toMatchObject({ status: 0 });
  const wanted = `${folder}/made by uring`;
  for (let line = await child.line(); !line.endsWith(wanted); line = await child.line())
    expect(line).toMatch(/ uring /);
});
