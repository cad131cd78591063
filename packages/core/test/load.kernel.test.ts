import { writeFileSync } from "node:fs";
import path from "node:path";

import { BpfError, LayoutError, NotSupportedError, VerifierError } from "@rxbpf/core";
import { BpfObject, type Btf, load, type LoadOptions, ring, sourceOf, type Variant } from "@rxbpf/core/bpf";
import { u32, schema } from "@rxbpf/core/events";
import { beforeAll, expect, onTestFinished, test } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { powerless } from "../../../testing/privileges.js";
import { compile, compileProgram, run, start, temporaryFolder } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";
import { ticks, ticksImage } from "./programs/ticks.js";

const folder = temporaryFolder();
const tracer = new URL("programs/trace-ticks.mjs", import.meta.url).pathname;
const objectFile = path.join(folder, "ticks.bpf.o");
let image: Uint8Array;
let makeTicks: string;

beforeAll(() => {
  image = compileProgram(new URL("programs/ticks.bpf.c", import.meta.url), folder);
  makeTicks = compile(new URL("programs/ticks.c", import.meta.url), folder);
  writeFileSync(objectFile, image);
});

const only = (...programs: string[]): readonly Variant[] => [{ programs }];

/** Returns what loading throws, and checks that it leaves nothing behind. */
function refusal(variants: readonly Variant[], patch: LoadOptions = {}, check?: (btf: Btf) => void): Error {
  const before = holdings();
  try {
    load(ticksImage(image, variants), patch, check).object.close();
  } catch (error) {
    expect(holdings()).toEqual(before);
    return error as Error;
  }
  throw new Error("It was loaded");
}

test("a program that the verifier refuses gives the line with the reason, and the whole log besides", () => {
  const error = refusal(only("careless"));
  expect(error).toBeInstanceOf(VerifierError);
  expect(error.message).toMatch(/^Cannot load ticks: EACCES: R\d invalid mem access 'map_value_or_null'$/);
  expect(error).toMatchObject({ operation: "bpf_object__load", errno: 13, code: "EACCES" });
  expect((error as VerifierError).log).toContain("-- BEGIN PROG LOAD LOG --");
  expect((error as VerifierError).log).toContain("processed ");
});

test("a log of any length is kept whole", () => {
  const error = refusal(only("careless_at_length"));
  expect(error).toBeInstanceOf(VerifierError);
  expect((error as VerifierError).log.length).toBeGreaterThan(1 << 18);
  expect((error as VerifierError).log).toContain("-- END PROG LOAD LOG --");
  expect(error.message).toMatch(/^Cannot load ticks: EACCES: R\d invalid mem access 'map_value_or_null'$/);
});

test("a hook that the kernel does not have is named", () => {
  const error = refusal(only("hookless"));
  expect(error).toBeInstanceOf(NotSupportedError);
  expect(error).toMatchObject({
    message: "Cannot load ticks: this kernel has no hook tp_btf/no_such_tracepoint",
    feature: "tp_btf/no_such_tracepoint",
  });
});

test("a map that the kernel will not make is not taken for the verifier's refusal", () => {
  const error = refusal(only("tick"), { maxEntries: { cgroup_set: 2 ** 32 - 1 } });
  expect(error).toBeInstanceOf(BpfError);
  expect(error).not.toBeInstanceOf(VerifierError);
  expect(error.message).toMatch(/^Cannot load ticks: E2BIG: .*cgroup_set/);
});

test("the first variant that the kernel accepts runs, and a notice says what it lacks", async () => {
  const variants: Variant[] = [
    { programs: ["careless"] },
    { programs: ["tick", "hookless"] },
    { programs: ["tick"], lacks: "ticks of the past" },
    { programs: [] },
  ];
  const recording = await record(ticks(ticksImage(image, variants)));
  expect(recording.statuses).toEqual([
    { type: "attached", programs: ["tick"] },
    { type: "notice", message: "this kernel does not show ticks of the past" },
  ]);
  await run(makeTicks, ["1"]);
  await recording.find(({ number }) => number === 0);
});

test("on a preemptible kernel its programs run, or the others if their hooks are missing, with a notice", async () => {
  const options = { preemptible: true };
  const recording = await record(ticks(ticksImage(image), options));
  expect(recording.statuses).toEqual([{ type: "attached", programs: ["tick_preemptible"] }]);
  const other = await record(ticks(ticksImage(image, only("tick", "idle")), options));
  expect(other.statuses).toEqual([
    { type: "attached", programs: ["tick", "idle"] },
    {
      type: "notice",
      message: expect.stringContaining("all events of tasks that compete for a processor: tracefs,"),
    },
  ]);
  await run(makeTicks, ["1"]);
  for (const one of [recording, other]) await one.find(({ number }) => number === 0);
});

test("if the kernel accepts no variant, the error has the reason of the last, which needs the least, and everything is freed", () => {
  const error = refusal([{ programs: ["hookless"] }, { programs: ["careless"] }]);
  expect(error).toBeInstanceOf(NotSupportedError);
  expect(error.message).toMatch(
    /^Cannot trace with ticks: this kernel accepts none of its 2 variants; the last: Cannot load ticks: EACCES: R\d invalid/,
  );
  expect(error.cause).toBeInstanceOf(VerifierError);
});

test("a schema that does not fit ends the stream before anything reaches the kernel", () => {
  const before = holdings();
  const wrong = schema("tick_event", { number: u32("half of it") });
  const source = sourceOf(ticksImage(image), ring("events", wrong), () => ({}));
  const receiver = { batch() {}, status() {}, complete() {}, error() {} };
  expect(() => source(receiver)).toThrow(LayoutError);
  expect(holdings()).toEqual(before);
});

test.each([
  ["a missing switch", { constants: { no_such: 1 } }, "Cannot set no_such: ticks has no such switch"],
  [
    "a variable that is no switch",
    { constants: { lost_ring_full: 1 } },
    "Cannot set lost_ring_full: ticks has no such switch",
  ],
  [
    "a text that is too long",
    { constants: { example_text: "0123456789abcdefg" } },
    "Cannot set example_text: 17 bytes do not fit into 16",
  ],
  [
    "a number that is too big",
    { constants: { example_number: 256 } },
    "Cannot set example_number: 256 does not fit into 1 bytes",
  ],
  ["a missing map", { maxEntries: { no_such: 1 } }, "Cannot find the map no_such in ticks"],
] as const)("refuses %s", (_, patch, message) => {
  expect(refusal(only("tick"), patch).message).toBe(message);
});

test("bytes that are no object, and an object without types, are refused", () => {
  expect(() => BpfObject.open("junk", new TextEncoder().encode("not an object"))).toThrow(
    /^Cannot open the BPF object junk: .+$/,
  );
  const source = '__attribute__((section("raw_tp/sys_enter"))) int program(void *context) { return 0; }';
  const untyped = BpfObject.open("untyped", compileProgram(source, folder, "-g0"));
  onTestFinished(() => untyped.close());
  expect(() => untyped.btf).toThrow("Cannot read the types of untyped: it has none; compile it with clang -g");
});

test("a closed object has nothing left to use", () => {
  const object = BpfObject.open("ticks", image);
  object.close();
  object.close();
  expect(() => object.map("events")).toThrow("is not loaded");
  expect(object.variables(".rodata")).toBeUndefined();
  expect(() => object.choose(["tick"])).toThrow("Cannot find the program tick in ticks");
  expect(() => object.btf).toThrow("Cannot read the types of ticks: it is closed");
});

test("a process without capabilities is told in one line which are missing", async () => {
  const { stdout, stderr } = await run("setpriv", [...powerless(), process.execPath, tracer, objectFile]);
  expect(stderr).toBe("");
  expect(stdout).toBe(
    "NotSupportedError: Cannot load ticks: CAP_BPF and CAP_PERFMON are missing; run as root, or grant CAP_BPF and CAP_PERFMON\n",
  );
});

test("a process with only one of the two capabilities is told of the other", async () => {
  const { stdout } = await run("setpriv", [...powerless("bpf"), process.execPath, tracer, objectFile]);
  expect(stdout).toMatch(/^NotSupportedError: Cannot load ticks: CAP_PERFMON is missing; run as root,.*\n$/);
});

test("a process with just the two capabilities traces", async () => {
  const child = start("setpriv", [...powerless("bpf", "perfmon"), process.execPath, tracer, objectFile]);
  expect(await child.line()).toBe("attached");
});

test("a machine without libbpf is told in one line what to install", async () => {
  const library = (await run("sh", ["-c", "ldconfig -p | sed -n 's/.*libbpf.so.1.*=> //p'"])).stdout.trim();
  const empty = path.join(folder, "empty");
  writeFileSync(empty, "");
  const hide = `mount --bind '${empty}' '${library}' && exec "$@"`;
  const { stdout, stderr } = await run("unshare", ["-m", "sh", "-c", hide, "sh", process.execPath, tracer, objectFile]);
  expect(stderr).toBe("");
  expect(stdout).toMatch(
    /^Error: Cannot load libbpf\.so\.1: .*file too short; on Debian and Ubuntu: apt-get install libbpf1\n$/,
  );
});

test("a killed tracer leaves nothing in the kernel", async () => {
  const child = start(process.execPath, [tracer, objectFile]);
  expect(await child.line()).toBe("attached");
  const { objects } = holdings(child.pid);
  expect(objects.map((object) => object.split(" ")[0])).toEqual(expect.arrayContaining(["prog", "map", "link"]));
  expect(inKernel(objects)).toEqual(objects);
  child.kill("SIGKILL");
  await expect(child.ended()).rejects.toThrow("SIGKILL");
  await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
});
