import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * The packages of which a script always gets this command's own copies, whatever is installed beside it. So there is
 * one of each: what a script attaches is known here, and programs and decoders fit.
 */
const OWN = ["@rxbpf/core", "@rxbpf/filters", "@rxbpf/probes", "@rxbpf/sinks", "rxjs"] as const;

const { resolve } = createRequire(import.meta.url);

/** Whether an import means one of them. */
export function isOwn(specifier: string): boolean {
  return OWN.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

/** The folders that they are in. */
export function ownFolders(): string[] {
  return OWN.map((name) => dirname(resolve(`${name}/package.json`)));
}

/** Where their types are, by what a script imports: `@rxbpf/core`, `rxjs/operators`. */
export function ownTypes(): Readonly<Record<string, string>> {
  const entries = OWN.flatMap((name) => {
    const manifest = resolve(`${name}/package.json`);
    const { exports } = JSON.parse(readFileSync(manifest, "utf8")) as { exports: Exports };
    return Object.entries(exports).flatMap(([path, target]) =>
      typeof target === "string" || !target.types ? [] : [[join(name, path), join(dirname(manifest), target.types)]],
    );
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

type Exports = Readonly<Record<string, string | { readonly types?: string }>>;
