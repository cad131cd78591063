import { expect, expectTypeOf, test } from "vitest";

import { opensnoop, type OpensnoopOptions } from "@rxbpf/probes";
import {
  command,
  flag,
  integer,
  list,
  oneOrMore,
  parseOptions,
  pattern,
  text,
  timeSpan,
  UsageError,
  user,
  type ValuesOf,
} from "@rxbpf/probes/define";

const options = {
  failed: flag("only failures"),
  pid: integer("only PID", { value: "PID", min: 1 }),
  name: text("only NAME", { value: "NAME" }),
  flagFilter: list("only FLAG", { value: "FLAG", allowed: ["O_CREAT", "O_EXCL"] }),
  anything: list("texts", { value: "TEXT" }),
  uid: user("only UID", { value: "UID" }),
  exec: command("run COMMAND", { value: "COMMAND" }),
  matching: pattern("only what matches", { value: "REGEX" }),
} as const;

const parse = (given: Record<string, unknown>): unknown => parseOptions(options, given);

test("values that fit come back as what they mean", () => {
  expect(parse({})).toEqual({});
  expect(
    parse({
      failed: false,
      pid: "12",
      name: "ls",
      flagFilter: "O_EXCL",
      anything: [""],
      uid: "root",
      exec: ["ls", ""],
    }),
  ).toEqual({ failed: false, pid: 12, name: "ls", flagFilter: ["O_EXCL"], anything: [""], uid: 0, exec: ["ls", ""] });
  expect(parse({ pid: 1, uid: 4294967295 })).toEqual({ pid: 1, uid: 4294967295 });
  expect(parse({ uid: "7" })).toEqual({ uid: 7 });
  expect(parse({ matching: "^a.c$" })).toEqual({ matching: /^a.c$/u });
});

test("one value or several: a list, or a text with commas", () => {
  const several = { pid: oneOrMore(options.pid, ","), name: oneOrMore(options.name) };
  const parse = (given: Record<string, unknown>): unknown => parseOptions(several, given);
  expect(parse({ pid: 5, name: "a,b" })).toEqual({ pid: 5, name: "a,b" });
  expect(parse({ pid: "5,6", name: ["a", "b"] })).toEqual({ pid: [5, 6], name: ["a", "b"] });
  expect(parse({ pid: ["5"] })).toEqual({ pid: 5 });
  expect(() => parse({ pid: "5,x" })).toThrow('pid takes a whole number from 1 to 4294967295, not "x"');
  expect(() => parse({ pid: [] })).toThrow("pid takes 1 to 64 values, not 0");
  expect(() => parse({ pid: Array(65).fill(1) })).toThrow("pid takes 1 to 64 values, not 65");
});

test("an option that is undefined is an option that was not given", () => {
  expect(parse({ pid: undefined, failed: undefined })).toEqual({});
});

test.each([
  ["an unknown name", { fail: true }, /^There is no option fail; the options are failed pid name/],
  ["a name that objects have by themselves", { constructor: 1 }, /^There is no option constructor/],
  ["a flag that is no boolean", { failed: "yes" }, "failed takes true or false"],
  ["a fraction", { pid: 1.5 }, "pid takes a whole number from 1 to 4294967295, not 1.5"],
  ["a number below the least", { pid: 0 }, "pid takes a whole number from 1 to 4294967295, not 0"],
  ["a number above the most", { pid: 2 ** 32 }, "pid takes a whole number from 1 to 4294967295, not 4294967296"],
  ["not a number", { pid: Number.NaN }, "pid takes a whole number from 1 to 4294967295, not NaN"],
  ["a number in other writing", { pid: "0x10" }, 'pid takes a whole number from 1 to 4294967295, not "0x10"'],
  ["a bigint", { pid: 5n }, "pid takes a whole number from 1 to 4294967295, not 5n"],
  ["an empty text", { name: "" }, 'name takes a string that is not empty, not ""'],
  ["a text that is none", { name: 5 }, "name takes a string that is not empty, not 5"],
  [
    "a value outside the list",
    { flagFilter: ["O_CREAT", "O_NO"] },
    'flagFilter takes one of O_CREAT O_EXCL, not "O_NO"',
  ],
  ["a list of numbers", { anything: [1] }, "anything takes strings, not 1"],
  [
    "a user that there is not",
    { uid: "no-such-user" },
    'uid takes a user id or the name of a user, not "no-such-user"',
  ],
  ["a user beyond 32 bits", { uid: 2 ** 32 }, "uid takes a user id or the name of a user, not 4294967296"],
  ["a negative user", { uid: -1 }, "uid takes a user id or the name of a user, not -1"],
  ["no user at all", { uid: "" }, 'uid takes a user id or the name of a user, not ""'],
  ["a command without words", { exec: [] }, "exec takes a command"],
  ["a broken pattern", { matching: "(" }, /^matching takes a regular expression: /],
])("refuses %s", (_, given, message) => {
  expect(() => parse(given)).toThrow(UsageError);
  expect(() => parse(given)).toThrow(message);
});

test.each([
  [{ ringBytes: 5000 }, "The buffer takes a power of two, not 5000 bytes"],
  [{ ringBytes: 2048 }, "ringBytes takes a whole number from 4096 to 1073741824, not 2048"],
  [{ bufferPages: 3 }, "The buffer takes a power of two, not 12288 bytes"],
  [{ pid: 5, exec: ["ls"] }, "pid and exec exclude each other"],
  [{ comm: "0123456789abcdef" }, "comm takes at most 15 bytes"],
  [{ comm: "äääääääää" }, "comm takes at most 15 bytes"],
  [{ flagFilter: ["O_RDWR", "O_RDXX"] }, /^flagFilter takes one of O_RDONLY O_WRONLY O_RDWR O_CREAT .*, not "O_RDXX"$/],
  // Beyond what a timer can wait for, which then would not wait at all.
  [
    { duration: 2 ** 31 },
    "duration takes a time from 0.001 to 2147483 seconds, or with a unit such as 500ms or 2m, not 2147483648",
  ],
])("opensnoop refuses %j before it touches the kernel", (given, message) => {
  expect(() => opensnoop(given as OpensnoopOptions)).toThrow(UsageError);
  expect(() => opensnoop(given as OpensnoopOptions)).toThrow(message);
});

test.each([
  ["0.5", 0.5],
  [".25", 0.25],
  ["90", 90],
  ["500ms", 0.5],
  ["1500us", 0.0015],
  ["2m", 120],
  ["1.5h", 5400],
  ["1d", 86_400],
  [0.1, 0.1],
])("a time is in seconds, or has a unit: %j", (given, seconds) => {
  const { parse } = timeSpan("end after TIME", { value: "TIME", unit: "s", min: 0.001, max: 100_000 });
  expect(parse(given, "--duration")).toBe(seconds);
});

test("a time in microseconds has units too", () => {
  const { parse } = timeSpan("at least TIME", { value: "TIME", unit: "us", min: 0, max: 1e9 });
  expect(["7", "0.5", "10ms", "250ns", "2s"].map((text) => parse(text, "-m"))).toEqual([7, 0.5, 10_000, 0.25, 2e6]);
});

test.each(["", "ms", "1 s", "-1", "1e3", "5x", "1.2.3", "0", "0.0001", "30h", Number.NaN, 5n])(
  "a time is not %s",
  (given) => {
    const { parse } = timeSpan("end after TIME", { value: "TIME", unit: "s", min: 0.001, max: 100_000 });
    expect(() => parse(given, "--duration")).toThrow("--duration takes a time from 0.001 to 100000 seconds");
  },
);

test("the type of the values follows from the options", () => {
  expectTypeOf<ValuesOf<typeof options>>().toEqualTypeOf<{
    readonly failed?: boolean;
    readonly pid?: number;
    readonly name?: string;
    readonly flagFilter?: readonly ("O_CREAT" | "O_EXCL")[];
    readonly anything?: readonly string[];
    readonly uid?: number;
    readonly exec?: readonly string[];
    readonly matching?: RegExp;
  }>();
});
