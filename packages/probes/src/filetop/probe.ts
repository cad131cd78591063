import type { Table } from "@rxbpf/core";
import { column } from "@rxbpf/core/events";

import { whoOptions } from "../define/common.js";
import { flag, type Option, show, text, UsageError } from "../define/options.js";
import { define, type GivenTo, probe, type ProbeOf } from "../define/probe.js";
import { loadHeading, topOptions } from "../define/top.js";
import { directoryAt } from "./directory.js";
import { type FileCount, fileCount, fileKey } from "./schema.js";

/** How rows can be sorted. */
const SORTS = {
  all: ({ reads, writes, readBytes, writtenBytes }: FileCount) => reads + writes + readBytes + writtenBytes,
  reads: ({ reads }: FileCount) => reads,
  writes: ({ writes }: FileCount) => writes,
  rbytes: ({ readBytes }: FileCount) => readBytes,
  wbytes: ({ writtenBytes }: FileCount) => writtenBytes,
} as const;

const definition = define({
  name: "filetop",
  summary: "files that threads read and write most",
  options: {
    allFiles: flag("also files that are not regular, such as sockets and pipes", { short: "a" }),
    ...topOptions,
    sort: sortOption(`sort by COLUMN: ${Object.keys(SORTS).join(", ")} (default all)`, { short: "s", value: "COLUMN" }),
    ...whoOptions({ pid: "p" }),
    readOnly: flag("only reads"),
    writeOnly: flag("only writes"),
    directory: text("only files directly in DIRECTORY, not in directories below it", {
      short: "d",
      value: "DIRECTORY",
    }),
  },
  positional: ["interval", "tables"],
  check({ readOnly, writeOnly, directory }) {
    if (readOnly && writeOnly) throw new UsageError("readOnly and writeOnly exclude each other");
    if (directory !== undefined) directoryAt(directory);
  },
  variants: () => [
    { programs: ["sys_exit", "io_uring_complete_entry"] },
    { programs: ["sys_exit", "io_uring_complete_result"] },
    { programs: ["sys_exit"], lacks: "reads and writes through io_uring" },
  ],
  constants({ allFiles, readOnly, writeOnly, directory }) {
    const { inode, device } = directory === undefined ? {} : directoryAt(directory);
    return {
      all_files: allFiles,
      no_reads: writeOnly,
      no_writes: readOnly,
      by_directory: inode !== undefined,
      only_directory: inode === undefined ? undefined : BigUint64Array.of(inode),
      only_device: device,
    };
  },
  outputs: ({ table }) => ({
    files: table("files", {
      key: fileKey,
      value: fileCount,
      every: 1,
      rows: 20,
      order:
        ({ sort = "all" }) =>
        (a: FileCount, b: FileCount) =>
          SORTS[sort](b) - SORTS[sort](a),
      banner: "Tracing... Output every second. Hit Ctrl-C to end",
      inPlace: ({ noclear }) => !noclear,
      heading: () => loadHeading,
      columns: () => [
        column("TID", "%-7d ", (row: FileCount) => row.tid),
        column("COMM", "%-16s ", (row: FileCount) => row.comm),
        column("READS", "%-6d ", (row: FileCount) => row.reads),
        column("WRITES", "%-6d ", (row: FileCount) => row.writes),
        column("R_Kb", "%-7d ", (row: FileCount) => Math.floor(row.readBytes / 1024)),
        column("W_Kb", "%-7d ", (row: FileCount) => Math.floor(row.writtenBytes / 1024)),
        column("T", "%1s ", (row: FileCount) => LETTERS[row.type]),
        column("FILE", "%s", (row: FileCount) => row.file),
      ],
    }),
  }),
  main: "files",
});

/** Options of `filetop`. */
export interface FiletopOptions extends GivenTo<typeof definition> {}

/**
 * Reads and writes of files each second, by thread and file: how many, and exactly how many bytes. Text shows the first twenty
 * rows of each table and other sinks get all rows, unless `rows` sets a number.
 *
 * It counts calls that succeed: read, write, their variants with p and v, sendfile, copy_file_range and splice, also of 32-bit
 * programs, and reads and writes through io_uring. The latter count for the thread that completes them, which belongs to the
 * same process.
 *
 * Options and columns are those of BCC's filetop. It differs where BCC's has faults: bytes are those that were moved, not those
 * that were asked for; calls that fail are not counted; calls with v, sendfile, copy_file_range and splice are; names are whole;
 * `directory` is a directory of one file system. BCC's watches the kernel's vfs_read and vfs_write, this one system calls.
 *
 * It costs each system call of the machine about 45 ns, and one that reads or writes 200 ns, by the kernel's count
 * (`sysctl kernel.bpf_stats_enabled=1`, `bpftool prog`).
 *
 * Not seen: access to files that are mapped into memory; reads and writes by the kernel itself, as for a loop device or an NFS
 * server; those of io_submit; completions for which the io_uring has no room; calls during which another thread closed the
 * descriptor.
 */
export const filetop: ProbeOf<typeof definition, FiletopOptions, Table<FileCount>> = probe(definition);

const LETTERS: Readonly<Record<FileCount["type"], string>> = { regular: "R", socket: "S", other: "O" };

function sortOption(help: string, names: { short: string; value: string }): Option<keyof typeof SORTS> {
  return {
    kind: "text",
    help,
    ...names,
    parse(given, name) {
      if (typeof given !== "string" || !Object.hasOwn(SORTS, given))
        throw new UsageError(`${name} takes one of ${Object.keys(SORTS).join(" ")}, not ${show(given)}`);
      return given as keyof typeof SORTS;
    },
  };
}
