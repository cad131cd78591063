import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { numbers, temporaryFolder } from "../../../../testing/programs.js";
import { MemoryBytes } from "../../src/symbols/bytes.js";
import { Elf } from "../../src/symbols/elf.js";
import { build, FUNCTIONS, nm } from "./programs.js";

const folder = temporaryFolder();
const program = build(folder, "program", FUNCTIONS, "-Wl,--build-id=sha1", "-rdynamic");
const bytes = readFileSync(program);

const functions = ["main", "outer"].map((name) => Number(nm(program, name)));

/** Everything that can be read of a file. */
function readAll(file: Buffer): string[] {
  const found: string[] = [];
  const attempt = (read: () => string | undefined): void => {
    try {
      const text = read();
      if (text !== undefined) found.push(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  };
  let elf: Elf | undefined;
  attempt(() => void (elf = new Elf(new MemoryBytes(file))));
  attempt(() => elf?.buildId);
  for (const which of ["full", "dynamic"] as const)
    attempt(() => {
      const symbols = elf?.symbols(which);
      return symbols && functions.map((at) => symbols.find(at)?.name).join(" ");
    });
  attempt(() => elf?.addressOf(0x1000)?.toString());
  return found;
}

test("a file's build id, functions and addresses are read", () => {
  const notes = execFileSync("readelf", ["-n", program], { encoding: "utf8" });
  const [, id] = /Build ID: ([0-9a-f]+)/.exec(notes)!;
  expect(readAll(bytes)).toEqual([id, "main outer", "main outer", "4096"]);
});

test("a program of 32 bits is read too", () => {
  const object = build(folder, "narrow.o", "int narrow(void) { return 7; }", "-m32", "-c", "-fno-pic");
  execFileSync("ld", ["-m", "elf_i386", "-e", "narrow", "-o", `${folder}/narrow`, object]);
  const elf = new Elf(new MemoryBytes(readFileSync(`${folder}/narrow`)));
  const at = Number(nm(`${folder}/narrow`, "narrow"));
  expect(elf.symbols("full")!.find(at + 1)).toEqual({ name: "narrow", offset: 1 });
});

test("a file that is cut anywhere is read as far as possible", () => {
  const whole = new Set(readAll(bytes));
  const lengths = [
    ...Array(1024).keys(),
    ...Array.from({ length: 500 }, (_, i) => Math.floor((bytes.length * i) / 500)),
  ];
  for (const length of lengths)
    for (const told of readAll(bytes.subarray(0, length))) if (!/main|outer/.test(told)) expect(whole).toContain(told);
}, 60_000);

test.each([1, 2])(
  "a file with random bytes changed does no harm (%i)",
  (seed) => {
    const below = numbers(seed);
    const interesting = [0, 1, 0x7f, 0x80, 0xff];
    const header = bytes.readUInt32LE(40); // of the sections
    for (let round = 0; round < 200; round++) {
      const changed = Buffer.from(bytes);
      for (let i = 0; i < 1 + below(8); i++) {
        const at = [below(1024), header + below(bytes.length - header), below(bytes.length)][below(3)]!;
        changed[at] = interesting[below(interesting.length)]!;
      }
      readAll(changed);
    }
  },
  60_000,
);

/** Sets a field of a header, or of the first section of a type, to the greatest number. */
const fields: [string, (file: Buffer) => void][] = [
  ["program headers", (file) => file.writeUInt16LE(0xffff, 56)],
  ["sections", (file) => file.writeUInt16LE(0xffff, 60)],
  [
    "sections, said in the first",
    (file) => (file.writeUInt16LE(0, 60), sectionOf(file, 0).writeUInt32LE(0xffff_ffff, 32)),
  ],
  ["symbols", (file) => sectionOf(file, 2).writeUInt32LE(0xffff_ffff, 36)],
  ["symbols of nothing", (file) => sectionOf(file, 2).writeUInt32LE(0, 56)],
  ["names", (file) => sectionOf(file, 2).writeUInt32LE(0xffff_ffff, 40)],
  ["bytes of names", (file) => sectionOf(file, 3).writeUInt32LE(0xffff_ffff, 36)],
  ["bytes of notes", (file) => sectionOf(file, 7).writeUInt32LE(0xffff_ffff, 36)],
];

test.each(fields)("a file that claims endless %s does no harm", (_what, change) => {
  const changed = Buffer.from(bytes);
  change(changed);
  readAll(changed);
});

/** The header of the first section of a type. */
function sectionOf(file: Buffer, type: number): Buffer {
  const from = Number(file.readBigUInt64LE(40));
  for (let at = from; at + 64 <= file.length; at += 64)
    if (file.readUInt32LE(at + 4) === type) return file.subarray(at, at + 64);
  throw new Error(`The program has no section of type ${type}`);
}

test("a table with too many functions takes no more than the documented memory", () => {
  const file = many(2 ** 20 + 1000);
  const symbols = new Elf(new MemoryBytes(file)).symbols("full")!;
  expect(symbols.bytes).toBe(16 * 2 ** 20);
  expect(symbols.find(0x1005)).toEqual({ name: "f", offset: 5 });
}, 60_000);

/** A program with `count` functions, all with one name. */
function many(count: number): Buffer {
  const symbols = 64 + 56 + 4 * 64;
  const names = symbols + count * 24;
  const file = Buffer.alloc(names + 3);
  file.writeUInt32BE(0x7f454c46, 0);
  file.set([2, 1, 1], 4);
  file.writeUInt16LE(2, 16);
  file.writeUInt32LE(64, 32);
  file.writeUInt32LE(64 + 56, 40);
  for (const [value, at] of [
    [56, 54],
    [1, 56],
    [64, 58],
    [4, 60],
  ] as const)
    file.writeUInt16LE(value, at);
  // One segment with code, everywhere.
  for (const [value, at] of [
    [1, 64],
    [5, 68],
    [0xffff_ffff, 64 + 32],
    [0xffff_ffff, 64 + 40],
  ] as const)
    file.writeUInt32LE(value, at);
  // A section of symbols, with their names in the next section, and one of code.
  const section = (index: number, values: readonly (readonly [value: number, at: number])[]): void => {
    for (const [value, at] of values) file.writeUInt32LE(value, 64 + 56 + index * 64 + at);
  };
  section(1, [
    [2, 4],
    [symbols, 24],
    [count * 24, 32],
    [2, 40],
    [24, 56],
  ]);
  section(2, [
    [3, 4],
    [names, 24],
    [3, 32],
  ]);
  section(3, [
    [1, 4],
    [4, 8],
  ]);
  for (let i = 0; i < count; i++) {
    const at = symbols + i * 24;
    file.writeUInt32LE(1, at);
    file[at + 4] = 0x12;
    file.writeUInt16LE(3, at + 6);
    file.writeUInt32LE(0x1000 + i * 16, at + 8);
    file.writeUInt32LE(16, at + 16);
  }
  file.write("\0f\0", names);
  return file;
}
