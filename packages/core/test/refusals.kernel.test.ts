import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { beforeAll, expect, test } from "vitest";

import { compileProgram, run, temporaryFolder } from "../../../testing/programs.js";

// Another variant may be tried only if the verifier refuses one or its hook is missing.

const folder = temporaryFolder();
const loader = new URL("programs/load-ticks.mjs", import.meta.url).pathname;
const object = path.join(folder, "ticks.bpf.o");

beforeAll(() => writeFileSync(object, compileProgram(new URL("programs/ticks.bpf.c", import.meta.url), folder)));

/** The outcome of loading variants in a process that is started through another command. */
async function loadThrough(through: readonly string[], ...variants: readonly string[]): Promise<string> {
  const [command, ...args] = [...through, process.execPath, loader, object, ...variants];
  const { stdout, stderr } = await run(command!, args);
  expect(stderr).toBe("");
  return stdout.trim();
}

const TWO_CAPABILITIES = ["setpriv", "--bounding-set=-all,+bpf,+perfmon", "--inh-caps=-all"];

test.each([
  ["with all capabilities", []],
  ["with just the two that tracing needs", TWO_CAPABILITIES],
])("%s a missing hook and the verifier's refusal lead to the next variant", async (_, through) => {
  expect(await loadThrough(through, "tick,hookless", "careless", "tick")).toBe("tick");
});

test("a missing hook is recognized without the right to search modules too", async () => {
  expect(await loadThrough(TWO_CAPABILITIES, "hookless")).toBe(
    "NotSupportedError undefined: Cannot load ticks: this kernel has no hook tp_btf/no_such_tracepoint",
  );
});

/** The lines of strace for bpf(2), of an undisturbed run. */
async function callsOfLoading(): Promise<string[]> {
  const log = path.join(folder, "calls");
  expect(await loadThrough(["strace", "-f", "-qq", "-e", "trace=bpf", "-o", log], "tick")).toBe("tick");
  return readFileSync(log, "utf8").trim().split("\n");
}

test.each([
  ["BPF_PROG_LOAD", "EPERM", /; run as root; if you do,/],
  ["BPF_PROG_LOAD", "ENOMEM", /; free some memory, or raise this cgroup's limit$/],
  ["BPF_PROG_LOAD", "EMFILE", /; allow this process more open files: ulimit -n 1024$/],
  ["BPF_MAP_CREATE", "EPERM", /; run as root; if you do,/],
  ["BPF_MAP_CREATE", "ENOMEM", /; free some memory, or raise this cgroup's limit$/],
  ["BPF_LINK_CREATE", "EMFILE", /; allow this process more open files: ulimit -n 1024$/],
  ["BPF_LINK_CREATE", "EPERM", /; run as root; if you do,/],
  ["BPF_LINK_CREATE", "EBUSY", /; end the process that uses it$/],
])("if %s fails with %s, the error says so, and no other variant is tried", async (call, code, advice) => {
  const calls = await callsOfLoading();
  // The last call belongs to the object; earlier ones are libbpf's feature tests.
  const at = calls.findLastIndex((line) => line.includes(call)) + 1;
  expect(at).toBeGreaterThan(0);
  const inject = `inject=bpf:error=${code}:when=${at}+`;
  const strace = ["strace", "-f", "-qq", "-e", "trace=bpf", "-e", inject, "-o", path.join(folder, "injected")];
  const outcome = await loadThrough(strace, "tick", "tick");
  expect(outcome).toMatch(new RegExp(`^BpfError ${code}: Cannot (load|attach) [^\\n]*$`));
  expect(outcome).toMatch(advice);
});

test("with too few descriptors loading fails with that error, not with a feature that libbpf then finds missing", async () => {
  const outcomes = new Set<string>();
  for (let files = 20; files < 46; files += 2)
    outcomes.add(await loadThrough(["env", `FILES=${files}`], "tick", "tick"));
  expect([...outcomes]).toEqual([
    "BpfError EMFILE: Cannot load ticks: EMFILE: too many open files; allow this process more open files: ulimit -n 1024",
    "tick",
  ]);
});

test("no locked memory is needed", async () => {
  expect(await loadThrough(["prlimit", "--memlock=0"], "tick")).toBe("tick");
});
