import { expect, test } from "vitest";

import { checkImports } from "../check/imports.mjs";
import { tree } from "./tree.js";

const past = "reaches past the index of another package";

test.each([
  ["core/src/a.ts", '"@rxbpf/filters"', "core must not know filters"],
  ["filters/src/a.ts", '"@rxbpf/probes"', "filters must not know probes"],
  ["sinks/src/a.ts", '"@rxbpf/probes"', "sinks must not know probes"],
  ["sinks/src/a.ts", '"@rxbpf/filters"', "sinks must not know filters"],
  ["probes/src/a.ts", '"@rxbpf/sinks"', "probes must not know sinks"],
  ["probes/src/a.ts", '"rxbpf"', "probes must not know repl"],
  ["core/src/a.ts", '"@rxbpf/core"', "imports its own package"],
  ["core/src/a.ts", '"koffi"', "belongs to packages/core/src/ffi"],
  ["repl/src/a.ts", '"apache-arrow"', "belongs to packages/sinks"],
  ["repl/src/a.ts", '"apache-arrow/ipc"', "belongs to packages/sinks"],
  ["repl/src/a.ts", '"@rxbpf/core/src/ffi/map.js"', past],
  ["repl/test/a.test.ts", '"../../core/src/b.js"', past],
  ["repl/src/a.ts", '"../test/help.js"', "leaves the sources"],
  ["repl/src/a.ts", '"../../../testing/help.js"', "leaves the sources"],
  ["core/src/stream/a.ts", '"../ffi/b.js"', "packages/core/src/stream must not know packages/core/src/ffi"],
  ["core/src/schema/a.ts", '"../ffi/b.js"', "packages/core/src/schema must not know packages/core/src/ffi"],
])("%s may not import %s", (file, specifier, problem) => {
  const name = `packages/${file}`;
  const text = JSON.parse(specifier) as string;

  expect(checkImports(tree({ [name]: `import { x } from ${specifier};` }))).toEqual([
    `${name} imports ${text}: ${problem}`,
  ]);
});

test.each([
  'import type { X } from "koffi";',
  'import "koffi";',
  'export { x } from "koffi";',
  'export * from "koffi";',
  'export type X = import("koffi").X;',
  'const x = await import("koffi");',
])("an import is found in every form: %s", (text) => {
  expect(checkImports(tree({ "packages/core/src/a.ts": text }))).toHaveLength(1);
});

test("imports down the layers, of npm packages and of a package's own files are allowed, and text that looks like an import is none", () => {
  const files = {
    "packages/core/src/ffi/a.ts": 'import koffi from "koffi"; import "../b.js";',
    "packages/core/src/b.ts": 'import "rxjs"; import "node:fs"; const x = `import "koffi"`; // import "koffi"',
    "packages/core/test/b.test.ts": 'import "../src/b.js"; import "@rxbpf/probes"; import "../../../testing/help.js";',
    "packages/filters/src/a.ts": 'import "@rxbpf/core";',
    "packages/sinks/src/a.ts": 'import "@rxbpf/core"; import "apache-arrow";',
    "packages/probes/src/a.ts": 'import "@rxbpf/core"; import "@rxbpf/filters";',
    "packages/repl/src/a.ts": ["core", "filters", "probes", "sinks"].map((name) => `import "@rxbpf/${name}";`).join(""),
  };

  expect(checkImports(tree(files))).toEqual([]);
});

test("a cycle is reported with its files", () => {
  const files = {
    "packages/core/src/index.ts": 'export * from "./a.js";',
    "packages/core/src/a.ts": 'import { b } from "./b.js";',
    "packages/core/src/b.ts": 'import type { A } from "./a.js";',
  };

  expect(checkImports(tree(files))).toEqual([
    "packages/core/src/a.ts -> packages/core/src/b.ts -> packages/core/src/a.ts: a cycle",
  ]);
});
