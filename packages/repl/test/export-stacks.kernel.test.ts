import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

import { Ajv } from "ajv";
import { Profile } from "pprof-format";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { rxbpf } from "./cli.js";

const folder = temporaryFolder();
const recording = `${folder}/profile.arrow`;

interface Row {
  readonly comm: string;
  readonly count: number;
}

/** A profile of a program that spends known shares of its time in three functions, in several tables. */
beforeAll(async () => {
  build();
  const source = fileURLToPath(new URL("../../probes/test/profile/programs/shares.c", import.meta.url));
  const flags = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-inline"];
  execFileSync("cc", [...flags, "-o", `${folder}/shares`, source]);
  await rxbpf("record", "profile", "-F", "499", "-U", "-o", recording, "--", "sh", "-c", `sleep 3 | ${folder}/shares`);
}, 120_000);

async function exported(...flags: string[]): Promise<string> {
  const { status, stdout, stderr } = await rxbpf("export", recording, ...flags);
  expect(status, stderr).toBe(0);
  // Two stacks can have one place in the kernel's map.
  expect(stderr).toMatch(/^(rxbpf: lost events: \d+ \(stack map full\)\n)?$/);
  return stdout;
}

async function samples(): Promise<number> {
  const rows = (await exported("--json"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
  return rows.reduce((sum, { count }) => sum + count, 0);
}

/** The sum of each line, of folded lines that may come more than once. */
function sums(folded: string): Map<string, number> {
  const all = new Map<string, number>();
  for (const line of folded.split("\n")) {
    const [, stack, count] = /^(.*) (\d+)$/.exec(line) ?? [];
    if (stack !== undefined) all.set(stack, (all.get(stack) ?? 0) + Number(count));
  }
  return all;
}

test("folded lines are those of a replay, summed over its tables", async () => {
  const folded = await exported("--folded");
  expect(folded).toMatch(/^shares;.*;seventy \d+$/m);
  expect(sums(folded)).toEqual(sums((await rxbpf("replay", recording, "-f")).stdout));
  expect(new Set(folded.trimEnd().split("\n")).size).toBe(sums(folded).size);
});

test("a file for speedscope is as its schema says, and holds every sample", async () => {
  const file = JSON.parse(await exported("--speedscope"));
  const { resolve } = createRequire(import.meta.url);
  const schema = JSON.parse(readFileSync(resolve("speedscope/dist/release/file-format-schema.json"), "utf8"));
  const ajv = new Ajv({ strict: false });
  expect(ajv.validate(schema, file), ajv.errorsText()).toBe(true);
  expect(file.profiles).toHaveLength(1);
  expect(file.profiles[0]).toMatchObject({ type: "sampled", name: "profile count", unit: "none" });
  expect(file.profiles[0].endValue).toBe(await samples());
  const names = (file.profiles[0].samples as number[][]).map((sample) => sample.map((i) => file.shared.frames[i].name));
  expect(names.some((sample) => sample[0] === "shares" && sample.at(-1) === "seventy")).toBe(true);
});

test("a profile for pprof holds every sample, with its thread", async () => {
  const path = `${folder}/profile.pb.gz`;
  await exported("--pprof", "-o", path);
  const { sample, stringTable, sampleType } = Profile.decode(gunzipSync(readFileSync(path)));
  const text = (index: number | bigint): string => stringTable.strings[Number(index)]!;
  expect(sampleType.map(({ type, unit }) => [text(type), text(unit)])).toEqual([["count", "count"]]);
  expect(sample.reduce((sum, { value }) => sum + Number(value[0]), 0)).toBe(await samples());
  const threads = sample.map(({ label }) => text(label.find(({ key }) => text(key) === "comm")!.str));
  expect(threads).toContain("shares");
});

test("what has no stacks, and a terminal, are refused in one line", async () => {
  const opens = `${folder}/opens.arrow`;
  await rxbpf("record", "opensnoop", "-o", opens, "--", "true");
  for (const format of ["--folded", "--speedscope", "--pprof"])
    expect(await rxbpf("export", opens, format)).toEqual(
      expect.objectContaining({
        status: 1,
        stdout: "",
        stderr: "rxbpf: Cannot write stacks: opensnoop has none; use profile or offcputime\n",
      }),
    );
  const directory = `${folder}/two`;
  await rxbpf("record", "profile", "offcputime", "-o", directory, "--", "true");
  expect(await rxbpf("export", directory, "--folded")).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^rxbpf: Cannot write stacks: the recordings come from several probes; .*\n$/),
  });
  expect(await rxbpf("export", recording, "--trace")).toMatchObject({
    status: 1,
    stderr: "rxbpf: Cannot write tables as a trace; trace events, not profile\n",
  });
});
