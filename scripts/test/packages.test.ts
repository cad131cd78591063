import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { wrongIn } from "../check/packages.mjs";

const read = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")) as Record<string, unknown>;
const repository = read("package.json");
const sinks = read("packages/sinks/package.json");

test("a correct package has no faults", () => {
  expect(wrongIn(sinks, "packages/sinks", repository)).toEqual([]);
});

test.each([
  [{ license: "MIT" }, 'license is "MIT", not "Apache-2.0"'],
  [{ bugs: undefined }, 'bugs is undefined, not "https://github.com/rxbpf/rxbpf/issues"'],
  [{ engines: { node: ">=18" } }, 'engines is {"node":">=18"}, not {"node":">=20.19"}'],
  [{ publishConfig: { access: "public" } }, expect.stringMatching(/^publishConfig is /)],
  [{ repository: repository["repository"] }, expect.stringMatching(/^repository is .*, not .*"packages\/sinks"/)],
  [{ dependencies: { "@rxbpf/core": "0.0.9" } }, '@rxbpf/core is "0.0.9", not "0.1.0"'],
  [{ dependencies: { rxjs: "7.8.2" } }, "rxjs is a dependency, not a peer"],
  [{ dependencies: { koffi: "3.3.4" } }, "koffi is a dependency, not an optional one"],
  [{ peerDependencies: {} }, "rxjs is no peer"],
  [{ scripts: { build: "tsc" } }, "package.json has no script test:unit"],
])("%o is a fault in a package", (changes, problem) => {
  expect(wrongIn({ ...sinks, ...changes }, "packages/sinks", repository)).toEqual([problem]);
});
