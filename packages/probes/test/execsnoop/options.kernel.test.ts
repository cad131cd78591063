import { chmodSync, symlinkSync } from "node:fs";
import path from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import { startShell } from "../../../../testing/shell.js";
import { type ExecEvent, execsnoop } from "@rxbpf/probes";
import { record } from "../../../../testing/recording.js";
import { type Options, programs } from "./execs.js";

const { folder, witness } = programs();
const LONG = "a-name-of-more-than-fifteen-bytes";

beforeAll(() => {
  chmodSync(folder, 0o755);
  for (const name of ["first", "second", LONG]) symlinkSync(witness, path.join(folder, name));
});

/** Runs lines of shell while a stream is attached, and gives the events of this file's programs. */
async function traced(options: Options, ...lines: string[]): Promise<ExecEvent[]> {
  const shell = await startShell();
  const recording = await record(execsnoop({ ringBytes: 1 << 20, ...options }));
  for (const line of lines) await shell.run(`cd ${folder}; ${line}`);
  return (await recording.finish()).filter(({ filename }) => filename.startsWith("./"));
}

/** What the events were of: the file and the first argument. */
const short = (events: readonly ExecEvent[]): string[] =>
  events.map(({ filename, args }) => [filename, ...args.slice(1, 2)].join(" "));

const as = (uid: number, command: string): string => `setpriv --reuid=${uid} --clear-groups ${command}`;

describe("uid", () => {
  test("0 shows what root starts, and hides what others do", async () => {
    const events = await traced({ uid: 0 }, as(12345, "./first"), as(0, "./second"));
    expect(events).toMatchObject([{ uid: 0, filename: "./second" }]);
  });

  test("of another shows what that one starts, and hides what root does", async () => {
    const events = await traced({ uid: 12345 }, as(0, "./first"), as(12345, "./second"), as(12346, "./first"));
    expect(events).toMatchObject([{ uid: 12345, filename: "./second" }]);
  });

  test("also filters failed execs", async () => {
    const lines = [as(12345, "./missing 1"), as(0, "./missing 2")];
    expect(short(await traced({ uid: 0, fails: true }, ...lines))).toEqual(["./missing 2"]);
    expect(short(await traced({ uid: 12345, fails: true }, ...lines))).toEqual(["./missing 1"]);
  });
});

test("ppid shows the children of that process, failed execs too, and no grandchildren", async () => {
  const parent = await startShell();
  const other = await startShell();
  const recording = await record(execsnoop({ ppid: parent.pid, fails: true, ringBytes: 1 << 20 }));
  await other.run(`${witness} other`);
  await parent.run(`cd ${folder}; ./first; (./second; true); ./missing`);
  const events = await recording.finish();
  expect(short(events)).toEqual(["./first", "./missing"]);
  expect(events.every(({ ppid }) => ppid === parent.pid)).toBe(true);
});

describe("name", () => {
  test("is a regular expression on the new program's name", async () => {
    expect(short(await traced({ name: /^(fir|third)/ }, "./first", "./second"))).toEqual(["./first"]);
  });

  test("also on that of the file, which may be longer than 15 bytes", async () => {
    const events = await traced({ name: /fifteen-bytes$/ }, "./first", `./${LONG}`);
    expect(events).toMatchObject([{ comm: LONG.slice(0, 15), filename: `./${LONG}` }]);
  });

  test("is not the path to the file", async () => {
    expect(await traced({ name: /\.\/first/ }, "./first")).toEqual([]);
  });

  test("matches every time, whatever the flags of the expression", async () => {
    const lines = ["./first", "./first", "./first"];
    expect(await traced({ name: /first/gy }, ...lines)).toHaveLength(3);
    expect(await traced({ line: /1/g }, ...lines.map((line) => `${line} 1`))).toHaveLength(3);
  });

  test("of a failed exec is the caller's, or that of the file that it tried", async () => {
    const lines = ["./missing 1", "printf shellname > /proc/$$/comm; ./nothing 2"];
    expect(short(await traced({ name: /^missing$/, fails: true }, ...lines))).toEqual(["./missing 1"]);
    expect(short(await traced({ name: /^shellname$/, fails: true }, ...lines))).toEqual(["./nothing 2"]);
  });
});

describe("line", () => {
  test("is a regular expression on the line of arguments as it is shown", async () => {
    const lines = ["./first 1 2", "./second '1 2'", "./first 12"];
    expect(short(await traced({ line: / 1 2$/ }, ...lines))).toEqual(["./first 1", "./second 1 2"]);
    expect(short(await traced({ line: /^\.\/s/ }, ...lines))).toEqual(["./second 1 2"]);
    expect(short(await traced({ line: / "1 2"$/, quote: true }, ...lines))).toEqual(["./second 1 2"]);
    expect(short(await traced({ line: /\.\.\.$/, maxArgs: 2 }, ...lines))).toEqual(["./first 1"]);
  });

  test("and name must both match", async () => {
    const lines = ["./first 1", "./first 2", "./second 1"];
    expect(short(await traced({ name: /first/, line: /1/ }, ...lines))).toEqual(["./first 1"]);
  });
});
