import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { argsOf, programs, told } from "./execs.js";

const BINFMT = "/proc/sys/fs/binfmt_misc";
const { folder, witness, trace } = programs();
let mounted = false;

beforeAll(() => {
  chmodSync(folder, 0o755);
  mounted = readdirSync(BINFMT).length === 0;
  if (mounted) execFileSync("mount", ["-t", "binfmt_misc", "none", BINFMT]);
});
afterAll(() => {
  if (mounted) execFileSync("umount", ["-l", BINFMT]);
});

let formats = 0;

/** Makes a file that the kernel has an interpreter run, until the end of the test. */
function foreign(interpreter: string, flags: string): string {
  const format = `rxbpf-${process.pid}-${formats++}`;
  writeFileSync(path.join(BINFMT, "register"), `:${format}:E::${format}::${interpreter}:${flags}`);
  onTestFinished(() => writeFileSync(path.join(BINFMT, format), "-1"));
  return executable(`program.${format}`, "data");
}

function executable(name: string, content: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, content, { mode: 0o755 });
  return file;
}

/** Execs a file with a first argument of its own and two more. Gives the event, and what the program got. */
async function exec(file: string) {
  const traced = await trace({}, "execve", file, ["its own name", "1", file]);
  expect(traced.events).toHaveLength(1);
  const event = traced.events[0]!;
  expect(event.interpreterArgs).toEqual(told(traced).args);
  expect(event).toMatchObject({ filename: file, file: witness, truncated: false });
  expect(argsOf(event)).toBe([file, "1", file].join(" "));
  return event;
}

describe("a file that binfmt_misc has an interpreter run", () => {
  test.each(["", "O", "C", "F", "CF"])("with flags %j has lost its caller's first argument", async (flags) => {
    const file = foreign(witness, flags);
    expect(await exec(file)).toMatchObject({
      interpreter: witness,
      args: [file, "1", file],
      interpreterArgs: [witness, file, "1", file],
    });
  });

  test.each(["P", "OP", "PCF"])("with flags %j has kept it", async (flags) => {
    const file = foreign(witness, flags);
    expect(await exec(file)).toMatchObject({
      interpreter: witness,
      args: ["its own name", "1", file],
      interpreterArgs: [witness, file, "its own name", "1", file],
    });
  });

  test("with the flag P and a script for its interpreter has kept it too", async () => {
    const interpreter = executable("interpreter", `#!${witness} -i\n`);
    const file = foreign(interpreter, "P");
    expect(await exec(file)).toMatchObject({
      args: ["its own name", "1", file],
      interpreterArgs: [witness, "-i", interpreter, file, "its own name", "1", file],
    });
  });
});

test.each(["", "P"])("a script whose interpreter is such a file, with flags %j, has lost it", async (flags) => {
  const interpreter = foreign(witness, flags);
  const file = executable(`script for ${flags}`, `#!${interpreter} -e\n`);
  expect(await exec(file)).toMatchObject({
    args: [file, "1", file],
    interpreterArgs: [witness, ...Array<string>(flags ? 2 : 1).fill(interpreter), "-e", file, "1", file],
  });
});
