import { register } from "node:module";
import { pathToFileURL } from "node:url";

/** What only modules have, and code at a prompt lacks. */
export interface Importer {
  /** `import(...)` in a file of the folder. */
  readonly load: (specifier: string, options?: object) => Promise<unknown>;
  /** `import.meta` there. */
  readonly meta: ImportMeta;
}

/** The end of an importer's URL, by which our hooks know it. */
export const IMPORTER = "/prompt.ts?importer";

/** A module that exports its own `import`: so the prompt imports without Node's experimental `vm` modules. */
export const importerSource =
  "export const load = (name, options) => import(name, options); export const meta = import.meta;";

let registered = false;

/** Makes Node run TypeScript files, and resolves the packages in scope to this command's own copies. */
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
