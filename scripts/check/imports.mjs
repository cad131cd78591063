import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

import { parseSync, Visitor } from "oxc-parser";

/** The other packages that each package's sources may import. Tests may import all. */
const MAY_IMPORT = {
  core: [],
  compile: ["core"],
  filters: ["core"],
  sinks: ["core"],
  ship: ["core", "sinks"],
  probes: ["core", "compile", "filters"],
  report: ["core", "sinks"],
  repl: ["core", "filters", "sinks", "ship", "probes", "report"],
};

/** Modules that only one folder, and its package's tests, may import. */
const ONLY_IN = {
  koffi: "packages/core/src/ffi",
  "apache-arrow": "packages/sinks",
  "@clickhouse/client": "packages/ship/src/clickhouse",
};

/** Modules of a package that others may import, besides its index. */
const ENTRIES = { core: ["bpf", "events", "system"], probes: ["define"], repl: ["prompt"] };

/** Pairs of folders: the first must not import the second. */
const APART = [
  ["packages/core/src/stream", "packages/core/src/ffi"],
  ["packages/core/src/stream", "packages/core/src/bpf"],
  ["packages/core/src/operators", "packages/core/src/ffi"],
  ["packages/core/src/operators", "packages/core/src/bpf"],
  ["packages/core/src/schema", "packages/core/src/ffi"],
];

/** All imports below `root` that break a rule, and all cycles, one line each. */
export function checkImports(root) {
  const files = new Map(sourceFiles(root).map((file) => [file, imports(path.join(root, file))]));
  const problems = [];
  const graph = new Map();
  for (const [file, specifiers] of files) {
    const targets = specifiers.map((specifier) => target(file, specifier));
    graph.set(
      file,
      targets.filter((to) => files.has(to)),
    );
    specifiers.forEach((specifier, i) => {
      const problem = broken(file, specifier, targets[i]);
      if (problem) problems.push(`${file} imports ${specifier}: ${problem}`);
    });
  }
  return [...problems, ...cycles(graph).map((cycle) => `${cycle.join(" -> ")}: a cycle`)];
}

/** The rule that an import breaks, if any. `to` is the file that a relative specifier means. */
function broken(file, specifier, to) {
  const own = packageOf(file);
  if (to !== undefined) {
    if ((packageOf(to) ?? own) !== own) return "reaches past the index of another package";
    if (within(file, `packages/${own}/src`) && !within(to, `packages/${own}/src`)) return "leaves the sources";
    const apart = APART.find(([from, folder]) => within(file, from) && within(to, folder));
    return apart && `${apart[0]} must not know ${apart[1]}`;
  }
  const home = ONLY_IN[specifier.split("/")[0]];
  if (home !== undefined && !within(file, home)) return `belongs to ${home}`;
  const [, other, deeper] =
    /^@rxbpf\/([^/]+)(?:\/(.*))?$/.exec(specifier.replace(/^rxbpf(?=\/|$)/, "@rxbpf/repl")) ?? [];
  if (other === undefined) return undefined;
  if (deeper && !ENTRIES[other]?.includes(deeper)) return "reaches past the index of another package";
  if (!within(file, `packages/${own}/src`)) return undefined;
  if (other === own) return "imports its own package";
  return MAY_IMPORT[own]?.includes(other) ? undefined : `${own} must not know ${other}`;
}

/** The specifiers of everything that a file imports or re-exports: values, types, and dynamic imports. */
function imports(file) {
  const found = [];
  const { program, errors } = parseSync(file, readFileSync(file, "utf8"));
  if (errors.length > 0) throw new Error(`Cannot parse ${file}: ${errors[0].message}`);
  const collect = ({ source }) => {
    if (typeof source?.value === "string") found.push(source.value);
  };
  new Visitor({
    ImportDeclaration: collect,
    ExportNamedDeclaration: collect,
    ExportAllDeclaration: collect,
    ImportExpression: collect,
    TSImportType: collect,
  }).visit(program);
  return found;
}

/** Cycles of imports: at least one through every file that is in a cycle. */
function cycles(graph) {
  const found = [];
  const done = new Set();
  const visit = (file, above) => {
    const start = above.indexOf(file);
    if (start >= 0) found.push([...above.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    for (const to of graph.get(file)) visit(to, [...above, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** The source file that a relative specifier means. Specifiers name the .js file that it is compiled to. */
function target(file, specifier) {
  if (!specifier.startsWith(".")) return undefined;
  return path.join(path.dirname(file), specifier).replace(/\.js$/, ".ts");
}

function packageOf(file) {
  return /^packages\/([^/]+)\//.exec(file)?.[1];
}

function within(file, folder) {
  return file.startsWith(`${folder}/`);
}

function sourceFiles(root) {
  return readdirSync(path.join(root, "packages"), { recursive: true })
    .map((name) => path.join("packages", name))
    .filter((file) => /^packages\/[^/]+\/(src|test)\/.*\.ts$/.test(file) && statSync(path.join(root, file)).isFile());
}
