// Bundles the command from the packages' builds and most of their dependencies: one module, and one for each part that
// is only loaded when needed. Node loads these in a third of the time that it takes for the packages.
import { rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { rolldown } from "rolldown";

import { licencesInto } from "./bundled-licences.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const to = path.join(root, "packages/repl/build/bundle");

/** Not bundled: they find their native code by their own location. */
const APART = ["koffi", "oxc-parser"];
/** RxJS's ES modules, of which only the used ones are bundled. For Node its package.json names others. */
const rxjs = path.join(root, "node_modules/rxjs/dist/esm/index.js");

/** The packages as just built, which are not in their final places yet. */
const builds = {
  name: "builds",
  resolveId(specifier) {
    const [, name, entry = "index"] = /^@rxbpf\/([^/]+)(?:\/([^/]+))?$/.exec(specifier) ?? [];
    return name === undefined ? undefined : path.join(root, `packages/${name}/build/${entry}.js`);
  },
};

/**
 * Packages find their files by `import.meta.url`. In the bundle it becomes the place that the module has in its
 * package.
 */
const places = {
  name: "places",
  transform(code, id) {
    const [, name, file] = /\/packages\/([^/]+)\/build\/(.*)$/.exec(id) ?? [];
    if (name === undefined || !code.includes("import.meta.url")) return undefined;
    const own = name === "repl" ? "rxbpf" : `@rxbpf/${name}`;
    const manifest = `require("node:url").pathToFileURL(require.resolve("${own}/package.json"))`;
    const place = `new URL("dist/${file}", ${manifest}).href`;
    return { code: code.replaceAll("import.meta.url", place), map: null };
  },
};

/** Modules that run a user's code are not bundled: see bin/rxbpf.cjs. */
const sharing = {
  name: "sharing",
  resolveId(specifier) {
    const [, module] = /^\.{1,2}\/(script\/.*)$/.exec(specifier) ?? [];
    return module === undefined ? undefined : { id: `../${module}`, external: "relative" };
  },
};

rmSync(to, { recursive: true, force: true });
const bundle = await rolldown({
  input: path.join(root, "packages/repl/build/main.js"),
  platform: "node",
  external: APART,
  resolve: { alias: { rxjs } },
  plugins: [builds, places, sharing, licencesInto(to)],
});
// CommonJS, as Node loads it without its machinery for ES modules.
await bundle.write({ dir: to, format: "cjs", entryFileNames: "[name].cjs", chunkFileNames: "[name].cjs" });
await bundle.close();
