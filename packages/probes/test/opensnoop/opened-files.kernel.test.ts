import { mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { opensnoop } from "@rxbpf/probes";
import { beforeEach, describe, expect, test } from "vitest";

import { run, start, temporaryFolder } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";
import { openats } from "./opens.js";

const { ENOENT, EXDEV } = os.constants.errno;
/** Of linux/openat2.h. */
const RESOLVE_BENEATH = "8";
const RESOLVE_IN_ROOT = "16";
const fullPath = true;

const temporary = temporaryFolder();
const { program, hex, opensOf, openat } = openats(temporary);
let folder: string;
let jail: string;

/** A folder with a jail, in which there are files that are beside it too. */
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(temporary, "files-")));
  jail = path.join(folder, "jail");
  mkdirSync(path.join(jail, "inner"), { recursive: true });
  for (const directory of [folder, jail]) writeFileSync(path.join(directory, "file"), "");
  symlinkSync("/file", path.join(jail, "link"));
  symlinkSync(`${jail}/link`, path.join(folder, "link"));
});

describe("with fullPath an open names the file that was opened", () => {
  test("behind symbolic links and dots, as the kernel names it", async () => {
    symlinkSync("jail", path.join(folder, "other name"));
    const paths = ["jail/file", "./jail/../file", "other name/file", "jail", "/"];
    const { events, lines } = await openat({ fullPath }, ["-c", folder], ...paths);
    expect(lines).toEqual([`${jail}/file`, `${folder}/file`, `${jail}/file`, jail, "/"]);
    expect(events.map(({ path }) => path)).toEqual(lines);
  });

  test("below the directory that openat2 takes for the root, and a failed one from there", async () => {
    const paths = ["/file", "file", "/link", "../../file", "inner/../file", "/missing", "missing", "/../missing"];
    const args = ["-d", jail, "-2", RESOLVE_IN_ROOT];
    const { events, lines } = await openat({ fullPath }, args, ...paths);
    expect(lines).toEqual(Array(5).fill(`${jail}/file`));
    expect(events.slice(1).map(({ path, ret }) => [path, Math.min(ret, 0)])).toEqual([
      ...lines.map((line) => [line, 0]),
      [`${jail}/missing`, -ENOENT],
      [`${jail}/missing`, -ENOENT],
      [`${jail}/../missing`, -ENOENT],
    ]);
  });

  test("and not one that openat2 may not leave for", async () => {
    const { events } = await openat({ fullPath }, ["-d", jail, "-2", RESOLVE_BENEATH], "file", "/file", "../file");
    expect(events.slice(1).map(({ path, ret }) => [path, Math.min(ret, 0)])).toEqual([
      [`${jail}/file`, 0],
      ["/file", -EXDEV],
      [`${jail}/../file`, -EXDEV],
    ]);
  });

  test("below the root of a process that has changed it, and a failed one from there", async () => {
    const { events } = await openat({ fullPath }, ["-R", jail, "-c", "/inner"], "/file", "../link", "/missing", "x");
    expect(events.map(({ path, ret }) => [path, Math.min(ret, 0)])).toEqual([
      [`${jail}/file`, 0],
      [`${jail}/file`, 0],
      [`${jail}/missing`, -ENOENT],
      [`${jail}/inner/x`, -ENOENT],
    ]);
  });

  test("also outside of the root that the process has, where its working directory is", async () => {
    const { events } = await openat({ fullPath }, ["-c", folder, "-R", jail], "file", "/file", "missing");
    expect(events.map(({ path }) => path)).toEqual([`${folder}/file`, `${jail}/file`, `${folder}/missing`]);
  });

  test("from the root of its mount namespace, whatever that is", async () => {
    const script = `mount --bind '${jail}' '${jail}' && cd '${jail}' && mkdir old proc && mount -t proc proc proc &&
      mkdir bin && touch bin/openat && mount --bind '${program}' bin/openat &&
      for each in lib lib64 usr; do mkdir $each && mount --rbind /$each $each; done && pivot_root . old && exec "$@"`;
    const command = ["-m", "sh", "-c", script, "sh", "/bin/openat", "-c", "/inner"];
    const { events, lines } = await opensOf({ fullPath }, () =>
      run("unshare", [...command, ...["/link", "../file", "/missing"].map(hex)]),
    );
    expect(lines).toEqual(["/file", "/file"]);
    expect(events.map(({ path }) => path)).toEqual([...lines, "/missing"]);
  });

  test("that is deleted, as the kernel says it", async () => {
    const script = `exec 9< '${folder}/file' && rm '${folder}/file' && exec "$@"`;
    const { events, lines } = await opensOf({ fullPath }, () =>
      run("sh", ["-c", script, "sh", program, hex("/proc/self/fd/9")]),
    );
    expect(lines).toEqual([`${folder}/file (deleted)`]);
    expect(events.map(({ path }) => path)).toEqual(lines);
  });
});

describe("with fullPath what has no path that its process could use keeps the one that was given", () => {
  test("a pipe, a namespace, a file without a name", async () => {
    const paths = ["/proc/self/fd/0", "/proc/self/ns/mnt"];
    const { events, lines } = await opensOf({ fullPath }, () =>
      run("sh", ["-c", `echo | exec "$@"`, "sh", program, ...paths.map(hex)]),
    );
    expect(lines).toEqual([expect.stringMatching(/^pipe:/), expect.stringMatching(/^mnt:/)]);
    expect(events.map(({ path }) => path)).toEqual(paths);
  });

  test("a file of another mount namespace", async () => {
    const script = `mount -t tmpfs tmpfs '${jail}' && touch '${jail}/elsewhere' && echo && exec cat`;
    const other = start("unshare", ["-m", "sh", "-c", script]);
    await other.line();
    const name = `/proc/${other.pid}/root${jail}/elsewhere`;
    const { events, lines } = await openat({ fullPath }, [], name);
    expect(lines).toEqual([`${jail}/elsewhere`]);
    expect(events.map(({ path, ret }) => [path, ret >= 0])).toEqual([[name, true]]);
  });
});

test("without fullPath a path is what the process gave", async () => {
  const paths = ["/link", "../../file", "/missing"];
  const { events } = await openat({}, ["-d", jail, "-2", RESOLVE_IN_ROOT], ...paths);
  expect(events.slice(1).map(({ path }) => path)).toEqual(paths);
});

test("with fullPath a file that another file system holds is named through its mount", async () => {
  const recording = await record(opensnoop({ fullPath }));
  const { pid } = await run("cat", ["/proc/self/../version"]);
  const events = (await recording.finish()).filter((event) => event.pid === pid);
  expect(events.at(-1)!.path).toBe("/proc/version");
  expect(readFileSync("/proc/version", "utf8")).not.toBe("");
});
