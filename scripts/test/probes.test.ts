import { expect, test } from "vitest";

import { checkProbes } from "../check/probes.mjs";
import { tree } from "./tree.js";

const whole = {
  "bpf/opensnoop.bpf.c": '#include "filter.bpf.h"\nint f(void)\n{\n\treturn drop_current();\n}\n',
  "packages/probes/src/define/probe.ts": "",
  "packages/probes/src/opensnoop/probe.ts": "",
  "packages/probes/src/index.ts":
    'export { opensnoop } from "./opensnoop/probe.js";\nexport { probe } from "./define/probe.js";\n',
};

test("a probe in its three places is accepted", () => {
  expect(checkProbes(tree(whole))).toEqual([]);
});

test("a probe that the index does not export is reported", () => {
  const files = { ...whole, "packages/probes/src/index.ts": 'export type { Open } from "./opensnoop/probe.js";' };

  expect(checkProbes(tree(files))).toEqual(["packages/probes/src/opensnoop: index.ts does not export opensnoop"]);
});

test("an export without a folder of its name is reported", () => {
  const index = `${whole["packages/probes/src/index.ts"]}export { execsnoop } from "./opensnoop/probe.js";`;

  expect(checkProbes(tree({ ...whole, "packages/probes/src/index.ts": index }))).toEqual([
    "packages/probes/src/index.ts exports execsnoop: it has no folder of that name",
  ]);
});

test("a probe without a program, and a program without a probe, are reported", () => {
  const { "bpf/opensnoop.bpf.c": program, ...files } = whole;

  expect(checkProbes(tree({ ...files, "bpf/execsnoop.bpf.c": program }))).toEqual([
    "packages/probes/src/opensnoop: there is no bpf/opensnoop.bpf.c",
    "bpf/execsnoop.bpf.c: there is no packages/probes/src/execsnoop/probe.ts",
  ]);
});

test("a program that leaves the filters out is reported, even if a comment names them", () => {
  const program = '/*\n#include "filter.bpf.h"\n*/\nint f(void)\n{\n\treturn 0; // drop_current()\n}\n';

  expect(checkProbes(tree({ ...whole, "bpf/opensnoop.bpf.c": program }))).toEqual([
    "bpf/opensnoop.bpf.c does not include filter.bpf.h",
    "bpf/opensnoop.bpf.c does not ask the filters: it calls no drop_current",
  ]);
});
