import { VerifierError } from "@rxbpf/core";
import { describe, expect, test } from "vitest";

import { Assembler } from "../src/back/assembler.js";
import { generate } from "../src/back/generate.js";
import { verdict } from "../src/back/verdict.js";
import { explain } from "../src/explain.js";
import { compilable, readPredicate } from "../src/predicate.js";
import { TRIAL_START, TrialProgram } from "../src/program.js";
import { recordInput } from "../src/record.js";
import { blank, recordOf, type Row, type Sample, sampleFields, sampleLayout, sampleSize } from "./sample.js";

const input = recordInput("the sample's event", sampleFields, sampleLayout);

/** What the kernel says of a predicate for some samples. All of it must be the kernel's. */
function passes(predicate: (e: Row) => unknown, ...changes: readonly Partial<Sample>[]): boolean[] {
  const { test, obstacles } = readPredicate(predicate, input);
  expect(obstacles).toEqual([]);
  const program = new TrialProgram(generate(test), sampleSize);
  const results = changes.map((change) => program.passes(recordOf({ ...blank, ...change })));
  program.close();
  return results;
}

const LONG = `/usr/${"lib/".repeat(60)}x`;
const bytes = (text: string): Buffer => Buffer.from(text);

describe("the kernel", () => {
  test("compares texts of more bytes than it copies at once", () => {
    const almost = [bytes(`${LONG.slice(0, 70)}?${LONG.slice(71)}`), bytes(`${LONG.slice(0, -1)}y`)];
    const samples = [bytes(LONG), bytes(`${LONG}x`), ...almost].map((path) => ({ path }));
    expect(passes((e) => e.path === LONG, ...samples)).toEqual([true, false, false, false]);
    expect(passes((e) => e.path.startsWith(LONG), ...samples)).toEqual([true, true, false, false]);
    expect(passes((e) => e.path.endsWith(LONG), ...samples)).toEqual([true, false, false, false]);
  });

  test("sees nothing of a name after its NUL", () => {
    const comm = Buffer.from("sh\0nginx\0\0\0\0\0\0\0\0");
    expect(passes((e) => e.comm === "sh", { comm })).toEqual([true]);
    expect(passes((e) => e.comm.includes("nginx") || e.comm.endsWith("x"), { comm })).toEqual([false]);
  });

  test("tells texts apart that are not UTF-8", () => {
    const path = Buffer.from([0x2f, 0xff]);
    expect(passes((e) => e.path === "/\u{efff}", { path }, { path: bytes("/\u{efff}") })).toEqual([true, false]);
  });

  test("knows no numbers that are none", () => {
    const none = Number("none");
    expect(passes((e) => Math.min(e.port, none) < 5 || e.port > none || e.port > Infinity, {})).toEqual([false]);
    expect(passes((e) => Math.max(none, e.port) >= 0 || [none].includes(e.port), {})).toEqual([false]);
  });

  test("lets through what a row cannot hold, so that making the row fails as ever", () => {
    const { test } = readPredicate((e: Row) => e.bytes < 5 || e.delta > 3, input);
    const program = new TrialProgram(generate(test), sampleSize);
    const record = (high: number, at: number): Uint8Array => {
      const bytes = Buffer.from(recordOf({ ...blank, bytes: 100 }));
      bytes.writeUInt32LE(high >>> 0, at + 4);
      return bytes;
    };
    const [most, more] = [2 ** 21 - 1, 2 ** 21];
    const found = [record(most, 8), record(more, 8), record(-1, 8), record(-more, 16), record(-1, 16)].map((one) =>
      program.passes(one),
    );
    program.close();
    expect(found).toEqual([false, true, true, true, false]);
  });
});

test("conditions that do not fit into the room are left to JavaScript, the last first", () => {
  const names = Array.from({ length: 60 }, (_, i) => `name-${i}-of-many`);
  const { test } = readPredicate((e: Row) => e.ret < 0 && names.includes(e.comm) && e.port === 7, input);
  const { test: kernel, obstacles } = compilable(test, 100, sampleSize);
  expect(obstacles.map(({ message }) => message)).toEqual([
    "it does not fit into the 100 instructions that the program has room for",
  ]);
  expect(generate(kernel).length).toBeLessThan(20);
});

test("a refusal of the verifier names the piece of source", () => {
  const code = new Assembler();
  const at = { source: "e.ret", start: 0, end: 5 };
  code.constant("mov", 6, 0n);
  code.span = at;
  code.load(4, 1, 6, 0);
  code.constant("mov", 0, 1n);
  code.exit();
  const broken = { bytes: code.bytes(), length: code.length, spanOf: (i: number) => code.spanOf(i) };
  try {
    new TrialProgram(broken, sampleSize);
    expect.fail("it was accepted");
  } catch (error) {
    expect(error).toBeInstanceOf(VerifierError);
    expect(verdict(error as VerifierError, (i) => code.spanOf(i - TRIAL_START))).toEqual({
      reason: "R6 invalid mem access 'scalar'",
      at,
    });
  }
});

test("a predicate is explained: the kernel's part, its instructions, and the rest", () => {
  const limit = 5;
  expect(explain(readPredicate((e: Row) => e.small < limit && (e.comm === "sh" || e.args.includes("x")), input))).toBe(
    `in the kernel, 9 instructions:
  small:u8 < 5
in JavaScript:
  1:47  (e) => e.small < limit && (e.comm === "sh" || e.args.includes("x"))
                                                      ^^^^^^
  the kernel has the list as bytes`,
  );
});
