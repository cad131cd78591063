import { copyFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers/promises";

import { countBy, joinBy, type Count, type Table } from "@rxbpf/core";
import { type ExecEvent, execsnoop, opensnoop } from "@rxbpf/probes";
import { filter, lastValueFrom, Subject, toArray } from "rxjs";
import { expect, test } from "vitest";

import { holdings } from "../../../testing/holdings.js";
import { run, start, temporaryFolder } from "../../../testing/programs.js";

const folder = temporaryFolder();

/** A copy of cat under a name that no other process has. */
function program(name: string): string {
  const file = path.join(folder, name);
  copyFileSync("/bin/cat", file);
  return file;
}

/** Makes files and gives their paths. */
function files(...names: readonly string[]): string[] {
  return names.map((name) => {
    const file = path.join(folder, name);
    writeFileSync(file, name);
    return file;
  });
}

test("opens are counted by the name of who makes them", async () => {
  const [one, two] = [program("rxbpf-cat-one"), program("rxbpf-cat-two")];
  const paths = files("a", "b", "c", "d");
  const end = new Subject<void>();
  const counts = opensnoop()
    .until(end)
    .pipe(
      filter((e) => paths.includes(e.path)),
      countBy((e) => e.comm),
    );
  const table: Promise<Table<Count<string>>> = lastValueFrom(counts);
  await setImmediate();
  await run(two, paths);
  for (let i = 0; i < 3; i++) await run(one, paths.slice(0, 2));
  end.next();
  expect((await table).rows).toEqual([
    { key: "rxbpf-cat-one", count: 6 },
    { key: "rxbpf-cat-two", count: 4 },
  ]);
});

test("opens are joined with the exec that made their process what it was then", async () => {
  const cat = program("rxbpf-cat-join");
  const [script, first, second] = files("script", "first", "second") as [string, string, string];
  writeFileSync(script, `${cat} ${first}\nexec ${cat} ${second}\n`);
  const before = holdings();
  const end = new Subject<void>();
  const joined = opensnoop()
    .until(end)
    .pipe(
      // A machine that is busy with other tests may be slow to read.
      joinBy({ exec: execsnoop() }, (e) => e.pid, { wait: 1_000 }),
      filter((e) => [script, first, second].includes(e.path)),
      toArray(),
    );
  const opens = lastValueFrom(joined);
  await setImmediate();
  const shell = await run("/bin/sh", [script]);
  end.next();
  const told = (await opens).map((e) => ({ path: e.path, own: e.pid === shell.pid, args: e.exec?.args }));
  expect(told).toEqual([
    { path: script, own: true, args: ["/bin/sh", script] },
    { path: first, own: false, args: [cat, first] },
    { path: second, own: true, args: [cat, second] },
  ]);
  expect(holdings()).toEqual(before);
});

test("opens of processes that ran before are joined with what they execute", async () => {
  const [file] = files("opened-later") as [string];
  const shell = start("/bin/sh", ["-c", `while read -r path; do : < "$path"; echo done; done`, "the name"]);
  shell.write(file);
  await shell.line();
  const end = new Subject<void>();
  const joined = opensnoop({ pid: shell.pid })
    .until(end)
    .pipe(
      joinBy({ exec: execsnoop() }, (e) => e.pid),
      filter((e) => e.path === file),
      toArray(),
    );
  const opens = lastValueFrom(joined);
  await setImmediate();
  shell.write(file);
  await shell.line();
  end.next();
  expect((await opens).map((e) => [e.pid, e.exec?.args, e.exec?.time])).toEqual([
    [shell.pid, ["/bin/sh", "-c", expect.stringContaining("while read"), "the name"], 0],
  ]);
});

test("what an exec must be like holds for those of before too", async () => {
  const shell = start("/bin/sh", ["-c", `while read -r path; do : < "$path"; echo done; done`]);
  const { already } = execsnoop({ name: /rxbpf-no-such-name/ }).info;
  expect(already!()).toEqual([]);
  const pids = (events: readonly unknown[]) => events.map((e) => (e as ExecEvent).pid);
  expect(pids(execsnoop({ ppid: process.pid }).info.already!())).toContain(shell.pid);
  expect(pids(execsnoop({ ppid: shell.pid }).info.already!())).toEqual([]);
});
