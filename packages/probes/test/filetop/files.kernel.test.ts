import { mkdirSync, mkdtempSync } from "node:fs";
import path from "node:path";

import type { Table } from "@rxbpf/core";
import { type FileCount, filetop } from "@rxbpf/probes";
import { UsageError } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

import { insideAndOutside } from "../../../../testing/containers.js";
import { compile, run, start, temporaryFolder } from "../../../../testing/programs.js";
import { type Recording, record } from "../../../../testing/recording.js";

const temporary = temporaryFolder();
const program = compile(new URL("programs/files.c", import.meta.url), temporary);

/** What the program does, as its source says. */
const DATA = {
  reads: 7 + 4 + 2 + 3 + 2 + 1 + 1 + 1 + 1 + 3 + 4,
  readBytes: 7 * 50 + 4 * 25 + 2 * 30 + 3 * 30 + 2 * 10 + 0 + 300 + 200 + 100 + 3 * 11 + 4 * 64,
  writes: 10 + 5 + 3 + 2 + 1 + 2,
  writtenBytes: 10 * 100 + 5 * 20 + 3 * 70 + 2 * 70 + 30 + 2 * 32,
};
const COPIED = { reads: 0, readBytes: 0, writes: 3, writtenBytes: 300 + 200 + 100 };

async function useFiles(...recordings: readonly Recording<Table<FileCount>>[]) {
  const folder = mkdtempSync(path.join(temporary, "files-"));
  const child = start(program, [folder]);
  child.write("go");
  expect(await child.line()).toBe("done");
  const rows = await Promise.all(recordings.map((recording) => rowsOf(recording, child.pid)));
  await child.ended();
  return rows;
}

/** The rows of a process, over all tables. */
async function rowsOf(recording: Recording<Table<FileCount>>, pid: number): Promise<FileCount[]> {
  const tables = await recording.finish();
  expect(recording.lost()).toBe(0);
  return tables.flatMap(({ rows }) => rows).filter((row) => row.pid === pid);
}

/** What was done to files of a name together. */
function countsOf(rows: readonly FileCount[], file: string, type: FileCount["type"] = "regular") {
  const sum = { reads: 0, readBytes: 0, writes: 0, writtenBytes: 0 };
  for (const row of rows.filter((one) => one.file === file && one.type === type))
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += row[name];
  return sum;
}

test("reads and writes count to the byte, by whatever call, 32-bit ones and through io_uring; failed ones do not", async () => {
  const [rows] = await useFiles(await record(filetop({ interval: 60 })));
  expect(countsOf(rows!, "data")).toEqual(DATA);
  expect(countsOf(rows!, "copied")).toEqual(COPIED);
  expect(new Set(rows!.map(({ type, comm }) => `${type} ${comm}`))).toContain("regular files");
  expect(rows!.some(({ type }) => type !== "regular")).toBe(false);
});

test("with allFiles sockets and pipes count too", async () => {
  const [rows] = await useFiles(await record(filetop({ interval: 60, allFiles: true })));
  const sockets = rows!.filter(({ type }) => type === "socket");
  expect(sockets.some(({ readBytes }) => readBytes === 123)).toBe(true);
  expect(sockets.some(({ writtenBytes }) => writtenBytes === 123)).toBe(true);
  const pipes = rows!.filter(({ type }) => type === "other");
  expect(pipes.some(({ readBytes, writtenBytes }) => readBytes === 100 && writtenBytes === 100)).toBe(true);
  expect(countsOf(rows!, "data")).toEqual(DATA);
});

test("options choose reads or writes, and how rows are sorted", async () => {
  const [reads, writes, sorted] = await useFiles(
    await record(filetop({ interval: 60, readOnly: true })),
    await record(filetop({ interval: 60, writeOnly: true })),
    await record(filetop({ interval: 60, sort: "wbytes" })),
  );
  const none = { reads: 0, readBytes: 0, writes: 0, writtenBytes: 0 };
  expect(countsOf(reads!, "data")).toEqual({ ...none, reads: DATA.reads, readBytes: DATA.readBytes });
  expect(countsOf(reads!, "copied")).toEqual(none);
  expect(countsOf(writes!, "data")).toEqual({ ...none, writes: DATA.writes, writtenBytes: DATA.writtenBytes });
  const written = sorted!.map(({ writtenBytes }) => writtenBytes);
  expect(written).toEqual([...written].sort((a, b) => b - a));
});

test("directory chooses files that are in it, not below it, whatever they are called elsewhere", async () => {
  const folder = mkdtempSync(path.join(temporary, "directory-"));
  mkdirSync(path.join(folder, "below"));
  const recording = await record(filetop({ directory: folder, interval: 60 }));
  const write = (file: string): string => `printf 1234567 > ${path.join(folder, file)}`;
  const child = await run("sh", ["-c", `${write("here")}; ${write("below/here")}; ${write("../here")}`]);
  expect(
    (await rowsOf(recording, child.pid)).map(({ file, writes, writtenBytes }) => [file, writes, writtenBytes]),
  ).toEqual([["here", 1, 7]]);
  expect(() => filetop({ directory: path.join(folder, "here") })).toThrow(UsageError);
});

test("tables taken five times a second add up to what happened, by each thread and file", async () => {
  const folder = mkdtempSync(path.join(temporary, "load-"));
  const each = await record(filetop({ directory: folder, interval: 0.2 }));
  const dd = (name: string) =>
    run("dd", ["if=/dev/zero", `of=${path.join(folder, name)}`, "bs=10", "count=400000", "status=none"]);
  const children = await Promise.all([dd("one"), dd("two"), dd("three")]);
  const tables = await each.finish();
  expect([each.lost(), tables.length > 1]).toEqual([0, true]);
  const rows = tables.flatMap((table) => table.rows);
  for (const [i, name] of ["one", "two", "three"].entries()) {
    expect(countsOf(rows, name)).toEqual({ reads: 0, readBytes: 0, writes: 400_000, writtenBytes: 4_000_000 });
    expect(new Set(rows.filter(({ file }) => file === name).map(({ tid }) => tid))).toEqual(
      new Set([children[i]!.pid]),
    );
  }
});

test("with a set of cgroups, or of mount namespaces, it counts who is inside, and nobody outside", async () => {
  const { inside, outside, filters } = await insideAndOutside();
  const folder = mkdtempSync(path.join(temporary, "sets-"));
  const recordings = await Promise.all(filters.map((filter) => record(filetop({ ...filter, interval: 60 }))));
  await outside.run(`echo 1 > ${folder}/outside`);
  await inside.run(`echo 1 > ${folder}/inside`);
  for (const recording of recordings) {
    const files = (await recording.finish()).flatMap(({ rows }) => rows.map(({ file }) => file));
    expect(files).toContain("inside");
    expect(files).not.toContain("outside");
  }
});
