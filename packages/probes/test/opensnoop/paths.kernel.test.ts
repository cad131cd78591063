import { mkdirSync, mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { beforeEach, expect, test } from "vitest";

import { run, temporaryFolder } from "../../../../testing/programs.js";
import { openats } from "./opens.js";

const { EFAULT, ENAMETOOLONG, EBADF } = os.constants.errno;
const temporary = temporaryFolder();
const { program, hex, opensOf, openat } = openats(temporary);
const fullPath = true;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(temporary, "files-"));
});

test("a path is whole up to the longest that the kernel takes, and marked where it was cut", async () => {
  const longest = "/".repeat(4095);
  const tooLong = "/".repeat(4096);
  const endless = `${"/".repeat(4095)}x${"/".repeat(5000)}`;
  const { events } = await openat({}, [], longest, tooLong, endless);
  expect(events.map(({ ret, truncated }) => [ret >= 0 ? 0 : ret, truncated])).toEqual([
    [0, false],
    [-ENAMETOOLONG, true],
    [-ENAMETOOLONG, true],
  ]);
  expect(events.map(({ path }) => path)).toEqual([longest, longest, longest]);
});

test("a name of any bytes comes through: line ends, escapes, and bytes that are no UTF-8", async () => {
  const names = ["a\nb", "\x1b[1A\x1b[2K", "\t\r\x7f", " ", "ä€😀", "\u202etxt.exe", '"\\n'];
  const invalid = Buffer.from([0x66, 0xff, 0xfe, 0xc3, 0x28]);
  const { events } = await openat({}, [], ...names, invalid);
  expect(events.map(({ path }) => path)).toEqual([...names, "f\uefff\ueffe\uefc3("]);
});

test("an address with nothing there gives an empty path, also where paths are completed", async () => {
  for (const fullPath of [false, true]) {
    const { events } = await openat({ fullPath }, [], "@");
    expect(events.map(({ path, ret, truncated }) => [path, ret, truncated])).toEqual([["", -EFAULT, false]]);
  }
});

test("fullPath starts relative paths at the working directory, and leaves absolute ones", async () => {
  const { events } = await openat({ fullPath }, ["-c", folder], "x", "./y", "../z", "", "/absolute");
  expect(events.map(({ path }) => path)).toEqual([
    `${folder}/x`,
    `${folder}/./y`,
    `${folder}/../z`,
    `${folder}/`,
    "/absolute",
  ]);
});

test("fullPath starts them at the directory that the call was given", async () => {
  const other = path.join(folder, "other");
  mkdirSync(other);
  const { events } = await openat({ fullPath }, ["-c", "/proc", "-d", other], "x");
  expect(events.map(({ path }) => path)).toEqual([other, `${other}/x`]);
});

test("fullPath gives the path as it is where the call was given no directory", async () => {
  const { events } = await openat({ fullPath }, ["-r"], "x");
  expect(events.map(({ path, ret }) => [path, ret])).toEqual([["x", -EBADF]]);
});

test("fullPath gives one slash for the root", async () => {
  const { events } = await openat({ fullPath }, ["-c", "/"], "x");
  expect(events.map(({ path }) => path)).toEqual(["/x"]);
});

test("fullPath crosses mounts, one on the other, of a namespace of their own", async () => {
  const mounts = `
    mount -t tmpfs tmpfs '${folder}' && mkdir -p '${folder}/a/b' &&
    mount -t tmpfs tmpfs '${folder}/a/b' && mount -t tmpfs tmpfs '${folder}/a/b' && mkdir '${folder}/a/b/c' &&
    cd '${folder}/a/b/c' && exec "$@"`;
  const shell = ["-m", "sh", "-c", mounts, "sh", program];
  const { events } = await opensOf({ fullPath }, () => run("unshare", [...shell, hex("x")]));
  expect(events.map(({ path }) => path)).toEqual([`${folder}/a/b/c/x`]);
});

test("fullPath is whole at 40 levels, and in 4095 bytes; beyond what it can walk it says that it is cut", async () => {
  const at = (levels: number, name: string): string => path.join(folder, ...Array<string>(levels).fill(name));
  const deep = at(40, "d");
  const tooDeep = at(100, "e");
  const long = at(15, "l".repeat(250));
  const tooLong = at(17, "m".repeat(250));

  for (const directory of [deep, tooDeep, long]) mkdirSync(directory, { recursive: true });
  expect(long.length).toBeLessThan(4096);

  const names: string[] = [];
  const truncated: boolean[] = [];
  for (const directory of [deep, tooDeep, long]) {
    const { events } = await openat({ fullPath }, ["-c", directory], "x");
    const event = events.at(-1);
    names.push(event!.path);
    truncated.push(event!.truncated);
  }
  expect(truncated).toEqual([false, true, false]);
  expect(names[0]).toBe(`${deep}/x`);
  expect(names[1]).toMatch(/^\.\.\.\/e\//);
  expect(`${tooDeep}/x`.endsWith(names[1]!.slice(3))).toBe(true);
  expect(names[1]!.length).toBeGreaterThan(100);
  expect(names[2]).toBe(`${long}/x`);

  // Longer than a path can be said.
  const steps = [folder, ...Array<string>(17).fill("m".repeat(250))].flatMap((name) => ["-c", name]);
  const event = (await openat({ fullPath }, steps, "x")).events.at(-1);
  expect(event?.truncated).toBe(true);
  expect(event!.path).toMatch(/^\.\.\./);
  expect(`${tooLong}/x`.endsWith(event!.path.slice(3))).toBe(true);
  expect(event!.path.length).toBeGreaterThan(3800);
});
