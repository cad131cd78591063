import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { ExecEvent } from "@rxbpf/probes";
import { beforeAll, expect, test } from "vitest";

import { placeOf, programs, told } from "./execs.js";

const { folder, witness, trace } = programs();
const home = path.join(folder, "home");

/** What becomes a command when something was done first. */
const after = (script: string): string[] => ["sh", "-c", `${script} && exec "$@"`, "sh"];
const inNamespace = (script: string): string[] => ["unshare", "-m", ...after(script)];

beforeAll(() => {
  chmodSync(folder, 0o755);
  mkdirSync(home);
  symlinkSync(witness, path.join(home, "link"));
  linkSync(witness, path.join(home, "hard"));
  writeFileSync(path.join(home, "script"), `#!${witness} -e\n`, { mode: 0o755 });
  mkdirSync(path.join(home, "mount"));
});

/** The only exec of a test, beside what its program says of itself. */
async function one(how: string, file: string, through: readonly string[] = []) {
  const traced = await trace({}, how, file, ["w"], through);
  expect(traced.events).toHaveLength(1);
  const event = traced.events[0]!;
  const { file: ran, cwd } = told(traced);
  expect({ file: event.file, cwd: event.cwd }).toEqual({ file: ran, cwd });
  return event;
}

test.each<[string, string, () => [string, string, string[]?], Partial<ExecEvent>]>([
  ["a relative path", witness, () => ["execve", "home/../witness", after(`cd '${folder}'`)], { cwd: folder }],
  ["a symbolic link", witness, () => ["execve", `${home}/link`], { filename: `${home}/link` }],
  ["a hard link, which is as good a name", `${home}/hard`, () => ["execve", `${home}/hard`], {}],
  ["a descriptor", witness, () => ["descriptor", witness], {}],
  ["a descriptor of its directory", witness, () => ["dir", witness], {}],
  ["a descriptor in /proc", witness, () => ["proc", witness], {}],
  ["a script's interpreter", witness, () => ["execve", `${home}/script`], { filename: `${home}/script` }],
])("the file that runs is named where it is given by %s", async (_, file, exec, more) => {
  expect(await one(...exec())).toMatchObject({ file, ...placeOf(file), ...more });
});

test("a mount gives the file another path, but none in its file system", async () => {
  const bind = inNamespace(`mount --bind '${folder}' '${home}/mount' && cd '${home}/mount/home'`);
  expect(await one("execve", "../witness", bind)).toMatchObject({
    file: `${home}/mount/witness`,
    cwd: `${home}/mount/home`,
    ...placeOf(witness),
  });
  const tmpfs = inNamespace(`mount -t tmpfs tmpfs '${home}/mount' && cp '${witness}' '${home}/mount'`);
  const there = await one("execve", `${home}/mount/witness`, tmpfs);
  expect(there).toMatchObject({ file: `${home}/mount/witness`, fsPath: "/witness" });
  expect(there.device).not.toBe(placeOf(home).device);
});

test("a file in memory and one that is deleted are named as /proc names them", async () => {
  expect(await one("memory", witness)).toMatchObject({ file: "/memfd:a copy (deleted)", fsPath: "" });
  const gone = path.join(home, "gone");
  const copied = after(`cp '${witness}' '${gone}' && exec 9< '${gone}' && rm '${gone}'`);
  expect(await one("execve", "/proc/self/fd/9", copied)).toMatchObject({
    file: `${gone} (deleted)`,
    fsPath: expect.stringMatching(`${gone}$`), // the root may be a folder of its file system
  });
  const nowhere = after(`mkdir '${gone}' && cd '${gone}' && rmdir '${gone}'`);
  expect(await one("execve", witness, nowhere)).toMatchObject({ file: witness, cwd: `${gone} (deleted)` });
});

test("a process with a root of its own runs files below that", async () => {
  const jail = path.join(folder, "jail");
  const mounts = ["lib", "lib64", "usr", "proc"].map((name) => `mkdir ${name} && mount --rbind /${name} ${name}`);
  const prepare = `mkdir '${jail}' && cd '${jail}' && ${mounts.join(" && ")} && cp '${witness}' .`;
  const { events } = await trace(
    {},
    "execve",
    "/witness",
    ["w"],
    [...inNamespace(`${prepare} && mkdir -p .'${folder}' && mount --bind '${folder}' .'${folder}'`), "chroot", jail],
  );
  expect(events).toMatchObject([
    { filename: "/witness", file: `${jail}/witness`, ...placeOf(`${jail}/witness`), cwd: jail },
  ]);
});

test("a path that is deeper than can be walked is said to be cut", async () => {
  const deep = path.join(home, ...Array<string>(100).fill("d"));
  mkdirSync(deep, { recursive: true });
  linkSync(witness, path.join(deep, "w"));
  const { events } = await trace({}, "execve", path.join(deep, "w"), ["w"]);
  for (const cut of [events[0]!.file, events[0]!.fsPath]) {
    expect(cut).toMatch(/^\.\.\.\/d\//);
    expect(`${deep}/w`.endsWith(cut.slice(3))).toBe(true);
    expect(cut.length).toBeGreaterThan(100);
  }
});
