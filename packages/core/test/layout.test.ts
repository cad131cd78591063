import { type Fields, LayoutError } from "@rxbpf/core";
import { bindLayout } from "@rxbpf/core/bpf";
import {
  cgroupNames,
  address,
  bool,
  bytes,
  chars,
  choice,
  i32,
  schema,
  text,
  time,
  u16,
  u32,
  u64,
  u8,
  who,
} from "@rxbpf/core/events";
import { expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { recordMark } from "../src/schema/layout.js";
import { btfOf } from "./programs/btf-of.js";

const folder = temporaryFolder();

const TYPES = `
  typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32; typedef int __s32;
  typedef unsigned long long __u64;
  struct text { __u16 offset; __u16 length; };
`;

/** Binds fields to the members of a struct given in C. Returns the differences or the layout. */
function bind(members: string, fields: Fields, attribute: string = "") {
  const source = `${TYPES} struct sample { ${members} } ${attribute};
    const struct sample *const anchor __attribute__((unused)) = 0;`;
  return bindLayout(schema("sample", fields), btfOf(source, folder));
}

function differences(members: string, fields: Fields, attribute?: string): readonly string[] {
  try {
    bind(members, fields, attribute);
  } catch (error) {
    if (error instanceof LayoutError) return error.differences;
    throw error;
  }
  return [];
}

test("places the fields where the program's struct has them, in the order of the schema", () => {
  const layout = bind(
    "__u64 time; struct { __u32 pid; char comm[16]; } who; __s32 ret; struct text path; __u8 ok; __u8 _pad[3];",
    {
      path: text(""),
      ret: i32(""),
      time: time(""),
      pid: u32(""),
      comm: chars(""),
      ok: bool(""),
    },
  );
  expect(layout).toEqual({
    size: 40,
    places: [
      { name: "path", kind: "text", offset: 32, size: 4 },
      { name: "ret", kind: "i32", offset: 28, size: 4 },
      { name: "time", kind: "time", offset: 0, size: 8 },
      { name: "pid", kind: "u32", offset: 8, size: 4 },
      { name: "comm", kind: "chars", offset: 12, size: 16 },
      { name: "ok", kind: "bool", offset: 36, size: 1 },
    ],
  });
});

test("names every difference at once", () => {
  const fields = { time: time(""), wide: u64(""), name: chars(""), path: text(""), flag: bool(""), exitCode: i32("") };
  let error: unknown;
  try {
    bind("__u64 time; __u32 wide; __u32 name; __u32 path; __u16 flag; __u16 other; ", fields);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(LayoutError);
  const { message, differences } = error as LayoutError;
  expect(differences).toEqual([
    "wide is u64 of 8 bytes here and has 4 there",
    "name is chars here and no array there",
    "path is text here and no struct text there",
    "flag is bool of 1 bytes here and has 2 there",
    "the program has no exit_code",
    "the schema has no other",
  ]);
  expect(message).toBe(`Cannot read sample: the program and its schema differ: ${differences.join("; ")}`);
});

test("a gap that the compiler leaves between members is a difference, one named _pad is not", () => {
  expect(differences("__u8 small; __u32 number;", { small: u8(""), number: u32("") })).toEqual([
    "3 unnamed bytes stand before number",
  ]);
  expect(differences("__u64 number; __u8 small;", { small: u8(""), number: u64("") })).toEqual([
    "7 unnamed bytes stand at the end",
  ]);
  expect(differences("__u8 small; __u8 _pad[3]; __u32 number;", { small: u8(""), number: u32("") })).toEqual([]);
});

test("a struct so large that no text could follow it is a difference", () => {
  expect(differences("__u32 number; __u8 _pad[65528];", { number: u32("") })).toEqual([]);
  expect(differences("__u32 number; __u8 _pad[65532];", { number: u32("") })).toEqual([
    "it has 65536 bytes, and a record's texts must begin within 65535",
  ]);
});

test("a number that is signed on only one side is a difference", () => {
  expect(differences("__u32 ret; __s32 flags;", { ret: i32(""), flags: u32("") })).toEqual([
    "ret is i32 here and unsigned there",
    "flags is u32 here and signed there",
  ]);
});

test("members that cannot be read are differences: bit-fields, and unaligned members", () => {
  expect(differences("__u8 one: 1; __u8 rest: 7;", { one: bool(""), rest: u8("") })).toEqual([
    "one is a bit-field",
    "rest is a bit-field",
  ]);
  expect(
    differences(
      "__u8 small; __u32 number; __u16 half; __u8 end;",
      { small: u8(""), number: u32(""), half: u16(""), end: u8("") },
      "__attribute__((packed))",
    ),
  ).toEqual(["number stands at 1, which is no multiple of 4", "half stands at 5, which is no multiple of 2"]);
});

test("two members of one name are a difference, since a schema could mean either", () => {
  expect(differences("struct { __u32 port; } from; struct { __u32 port; } to;", { port: u32("") })).toEqual([
    "the program has port twice",
  ]);
});

test("a struct that the program does not have is one difference", () => {
  const btf = btfOf("int nothing;", folder);
  expect(() => bindLayout(schema("sample", {}), btf)).toThrow(
    "Cannot read sample: the program and its schema differ: the program has no struct sample",
  );
});

test("struct who of the shared header is what the schema's `who` says", () => {
  const layout = bindLayout(
    schema("sample", who),
    btfOf('#include "event.bpf.h"\nstruct sample { struct who who; };\nRECORD(sample);', folder),
  );
  expect(layout.places.map(({ name }) => name)).toEqual(
    Object.keys(who).filter((name) => !Object.hasOwn(cgroupNames, name)),
  );
  expect(layout.places[0]).toMatchObject({ name: "time", offset: 0 });
});

test("a choice is one byte, an address sixteen, and bytes are a struct text", () => {
  const fields = { kind: choice("", ["a", "b"]), from: address(""), packet: bytes("") };
  expect(bind("__u8 from[16]; struct text packet; __u8 kind; __u8 _pad[3];", fields).places).toEqual([
    { name: "kind", kind: "choice", offset: 20, size: 1, choices: ["a", "b"] },
    { name: "from", kind: "address", offset: 0, size: 16 },
    { name: "packet", kind: "bytes", offset: 16, size: 4 },
  ]);
  expect(differences("__u8 from[4]; __u32 packet; __u32 kind;", fields)).toEqual([
    "kind is choice of 1 bytes here and has 4 there",
    "from is address of 16 bytes here and has 4 there",
    "packet is bytes here and no struct text there",
  ]);
});

test("structs that share a ring have _record, which tells them apart, at the same offset", () => {
  const btf = btfOf(
    `#include "event.bpf.h"
     struct event { struct who who; }; RECORD(event);
     struct same { struct who who; __u64 more; }; RECORD(same);
     struct other { __u64 time; __u16 _record; __u16 _pad[3]; }; RECORD(other);`,
    folder,
  );
  const mark = recordMark(btf, ["event", "same"]);
  expect(mark).toBe(46);
  expect(() => recordMark(btf, ["event", "other"])).toThrow(`it has no _record at ${mark}, where event has it`);
  expect(() => recordMark(btf, ["event", "missing"])).toThrow(LayoutError);
  expect(() => recordMark(btf, ["text", "event"])).toThrow("the program has no _record");
});
