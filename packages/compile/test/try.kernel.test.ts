import { expect, it } from "vitest";
import { predicateTest } from "../src/front/evaluate.js";
import { decidable } from "../src/ir/decidable.js";
import { printTest } from "../src/ir/print.js";
import { generate } from "../src/back/generate.js";
import { recordInput } from "../src/record.js";
import { TrialProgram } from "../src/program.js";
import { blank, recordOf, rowOf, sampleFields, sampleLayout, sampleSize, type Row } from "./sample.js";

const input = recordInput("sample's event", sampleFields, sampleLayout);
const limit = 5;
const names = ["nginx", "curl"];
it("tries", () => {
  const all: ((e: Row) => unknown)[] = [
    (e) => e.ret < 0 && e.comm === "nginx",
    (e) => e.ret <= limit && names.includes(e.comm),
    (e) => e.path.startsWith("/etc/") && e.path.endsWith("wd") && e.comm.includes("in"),
    (e) => e.bytes / 1e6 > 0.5 || e.remote === "127.0.0.1",
    (e) => (e.flags & 0o100) !== 0 || e.operation !== "write",
    ({ ret, args }) => ret === 0 && args.includes("x"),
    (e) => { if (e.ret < 0) return false; for (const n of names) { if (e.comm === n) return e.small % 3 === 0; } return false; },
    (e) => e.disk.endsWith("1") && !e.disk.includes("b"),
  ];
  for (const fn of all) {
    const test = predicateTest(fn, input);
    const { test: kernel, obstacles } = decidable(test);
    console.log(printTest(test), obstacles);
    if (kernel.kind === "known") continue;
    const code = generate(kernel);
    const program = new TrialProgram(code, sampleSize);
    for (const change of [{}, { ret: -2 }, { bytes: 600000, remote: {text: "1.1.1.1", bytes: Buffer.alloc(16)} }, { flags: 64 , operation: 1}, { comm: Buffer.from("curl"), small: 7, operation: 9 }]) {
      const sample = { ...blank, ...change };
      const inKernel = program.passes(recordOf(sample));
      const js = Boolean(fn(rowOf(sample)));
      console.log(code.length, inKernel, js);
      if (obstacles.length === 0) expect(inKernel).toBe(js);
    }
    program.close();
  }
});
