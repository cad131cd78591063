import { readFileSync } from "node:fs";

import { BpfError, EventStream, Table } from "@rxbpf/core";
import { type Hook, sourceOf, table } from "@rxbpf/core/bpf";
import { schema, u32, u64 } from "@rxbpf/core/events";
import { beforeAll, expect, test } from "vitest";

import { holdings } from "../../../testing/holdings.js";
import { compile, compileProgram, run, temporaryFolder } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";

const folder = temporaryFolder();
let bytes: Uint8Array;
let twice: string;

beforeAll(() => {
  bytes = compileProgram(new URL("programs/hooks.bpf.c", import.meta.url), folder);
  twice = compile(new URL("programs/twice.c", import.meta.url), folder);
});

interface Seen {
  readonly cpu: number;
  readonly what: number;
  readonly count: number;
  readonly sum: number;
}

const shape = {
  key: { cpu: u32("processor"), what: u32("call, return or tick") },
  value: { count: u64("how many"), sum: u64("of their values") },
};

function seen(hooks: Readonly<Record<string, readonly Hook[]>>): EventStream<Table<Seen>> {
  const spec = { name: "hooks", bytes: () => bytes, variants: [{ programs: Object.keys(hooks), hooks }] };
  const source = sourceOf(spec, table<Seen>("seen", shape), () => ({}));
  return new EventStream({ name: "hooks", schema: schema("", {}), columns: () => [] }, source);
}

const inProcessor = (): number => readFileSync("/proc/cpuinfo", "utf8").match(/^processor/gm)!.length;

test("a program at a function of a file sees each call and each return, with their values", async () => {
  const at = { kind: "uprobe", path: twice, symbol: "twice" } as const;
  const recording = await record(seen({ called: [at], returned: [{ ...at, returns: true }] }));
  expect(await run(twice, ["100"])).toMatchObject({ status: 0 });
  const [{ rows } = new Table<Seen>(0, [])] = await recording.finish();
  expect([...rows].sort((a, b) => a.what - b.what)).toEqual([
    { cpu: 0, what: 0, count: 100, sum: 4950 },
    { cpu: 0, what: 1, count: 100, sum: 9900 },
  ]);
});

test("a program at a function of one process sees nothing of others", async () => {
  const at = { kind: "uprobe", path: twice, symbol: "twice", pid: process.pid } as const;
  const recording = await record(seen({ called: [at] }));
  await run(twice, ["100"]);
  expect((await recording.finish())[0]!.rows).toEqual([]);
});

test("a clock ticks on every processor", async () => {
  const recording = await record(seen({ ticked: [{ kind: "clock", every: { hertz: 99 } }] }));
  // The CPU clock ticks only while the processor is not idle.
  await Promise.all(
    Array.from({ length: 2 * inProcessor() }, () =>
      run("sh", ["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"]),
    ),
  );
  const [{ rows } = new Table<Seen>(0, [])] = await recording.finish();
  expect(rows.map(({ cpu }) => cpu).sort()).toEqual(Array.from({ length: inProcessor() }, (_, cpu) => cpu));
  for (const { count } of rows) expect(count).toBeGreaterThan(5);
});

test.each<[string, Hook, RegExp]>([
  [
    "a missing function",
    { kind: "uprobe", path: "/bin/true", symbol: "no_such" },
    /^Cannot trace no_such of \/bin\/true: it has no function no_such$/,
  ],
  [
    "a missing file",
    { kind: "uprobe", path: "/no/such", symbol: "main" },
    /^Cannot trace main of \/no\/such: no such file or directory$/,
  ],
  [
    "a counter that this machine lacks",
    { kind: "clock", event: { type: 0, config: 0 }, every: { period: 1000 } },
    /^Cannot attach \w+ of hooks to a counter's every 1000: this machine has no such counter: ENOENT$/,
  ],
])("%s is refused in one line, and nothing is left", async (_, hook, message) => {
  const before = holdings();
  const program = hook.kind === "clock" ? "ticked" : "called";
  const error = (await record(seen({ [program]: [hook] })).catch((error: unknown) => error)) as Error;
  expect(error).toBeInstanceOf(BpfError);
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("\n");
  expect(holdings()).toEqual(before);
});
