import { register } from "node:module";
import { pathToFileURL } from "node:url";

/** What a module can do and code at a prompt, which is none, cannot. */
export interface Importer {
  /** `import(...)` in a file of the folder. */
  readonly load: (specifier: string, options?: object) => Promise<unknown>;
  /** `import.meta` there. */
  readonly meta: ImportMeta;
}

/** How the URL ends that our hooks take for an importer's. */
export const IMPORTER = "/prompt.ts?importer";

/** A module that gives away its own `import`, which is how Node imports without its experimental `vm` modules. */
export const importerSource =
  "export const load = (name, options) => import(name, options); export const meta = import.meta;";

let registered = false;

/** Makes Node run TypeScript files, and gives all that import the packages in scope this command's own copies. */
export function registerHooks(): void {
  if (registered) return;
  registered = true;
  process.setSourceMapsEnabled(true);
  register("./hooks.js", import.meta.url);
}

/** Imports as a TypeScript file in a folder would. */
export async function importerIn(folder: string): Promise<Importer> {
  registerHooks();
  return (await import(`${pathToFileURL(folder).href.replace(/\/$/, "")}${IMPORTER}`)) as Importer;
}
