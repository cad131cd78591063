// `npm run docs` writes the API reference into docs/api: every module that a package exports, from its declarations.
// With `check` it writes nothing. Both fail if an export has no comment, or if a link leads nowhere.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { Application } from "typedoc";

const [, , mode] = process.argv;
const here = fileURLToPath(new URL(".", import.meta.url));
const packages = path.join(here, "../../packages");
const manifests = readdirSync(packages).map((name) => {
  const folder = path.join(packages, name);
  return { folder, ...JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) };
});
// An export of several packages is documented in the first, so the package that re-exports all comes last.
manifests.sort((one, other) => one.name.localeCompare(other.name));

/** All modules that can be imported, with the files of their types. */
const modules = manifests.flatMap(({ name, folder, exports }) =>
  Object.entries(exports).flatMap(([entry, { types }]) =>
    types ? [{ specifier: path.posix.join(name, entry), file: path.join(folder, types) }] : [],
  ),
);

const app = await Application.bootstrap({
  name: "rxbpf",
  entryPoints: modules.map(({ file }) => file),
  tsconfig: path.join(here, "tsconfig.json"),
  out: path.join(here, "../../docs/api"),
  readme: "none",
  excludeExternals: true,
  disableSources: true,
  // The declarations were checked when they were built.
  skipErrorChecking: true,
  packagesRequiringDocumentation: manifests.map(({ name }) => name),
  // Not properties: for many, name and type say everything.
  requiredToBeDocumented: [
    ...["Enum", "EnumMember", "Variable", "Function", "Class", "Interface", "Method", "Accessor", "TypeAlias"],
  ],
  validation: { notDocumented: true, notExported: false, invalidLink: true, rewrittenLink: true },
});
const project = await app.convert();
if (!project) throw new Error("Cannot document: the declarations cannot be read");
for (const { specifier, file } of modules) named(file).name = specifier;
app.validate(project);
if (mode !== "check") await app.generateDocs(project, app.options.getValue("out"));
process.exitCode = app.logger.hasErrors() || app.logger.hasWarnings() ? 1 : 0;

function named(file) {
  const name = path.relative(packages, file).replace(/(\/index)?\.d\.ts$/, "");
  return project.children.find((module) => module.name === name);
}
