import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { parseSync } from "oxc-parser";

/** Probes that lack one of their three places, or whose program does not apply the filters, one line each. */
export function checkProbes(root) {
  const sources = path.join(root, "packages/probes/src");
  const folders = readdirSync(sources).filter((name) => existsSync(path.join(sources, name, "probe.ts")));
  // define/ is no probe: it has what probes are made of.
  const probes = folders.filter((name) => name !== "define");
  const programs = readdirSync(path.join(root, "bpf"))
    .filter((name) => name.endsWith(".bpf.c"))
    .map((name) => name.replace(/\.bpf\.c$/, ""));
  const exported = exportedProbes(path.join(sources, "index.ts"));
  const lacking = (names, all, say) => names.filter((name) => !all.includes(name)).map(say);
  return [
    ...lacking(probes, exported, (name) => `packages/probes/src/${name}: index.ts does not export ${name}`),
    ...lacking(
      exported,
      probes,
      (name) => `packages/probes/src/index.ts exports ${name}: it has no folder of that name`,
    ),
    ...lacking(probes, programs, (name) => `packages/probes/src/${name}: there is no bpf/${name}.bpf.c`),
    ...lacking(programs, probes, (name) => `bpf/${name}.bpf.c: there is no packages/probes/src/${name}/probe.ts`),
    ...programs.flatMap((name) => checkProgram(`bpf/${name}.bpf.c`, path.join(root, `bpf/${name}.bpf.c`))),
  ];
}

function checkProgram(name, file) {
  const code = readFileSync(file, "utf8").replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
  const problems = [];
  if (!/^#include "filter\.bpf\.h"$/m.test(code)) problems.push(`${name} does not include filter.bpf.h`);
  if (!/\bdrop(_\w+)?\(/.test(code)) problems.push(`${name} does not ask the filters: it calls no drop_current`);
  return problems;
}

/** The names that the index exports from probe.js in a folder of the same name. */
function exportedProbes(index) {
  const { module } = parseSync(index, readFileSync(index, "utf8"));
  return module.staticExports
    .flatMap(({ entries }) => entries)
    .filter(
      ({ isType, moduleRequest }) => !isType && /^\.\/(?!define\/)[^/]+\/probe\.js$/.test(moduleRequest?.value ?? ""),
    )
    .map(({ exportName }) => exportName.name);
}
