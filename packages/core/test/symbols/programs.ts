import { execFileSync } from "node:child_process";
import path from "node:path";

import { start, type Child } from "../../../../testing/programs.js";

/** Compiles C or C++ with the given flags. Returns the path of the result. */
export function build(folder: string, name: string, source: string | URL, ...flags: readonly string[]): string {
  const output = path.join(folder, name);
  const [language, input] = typeof source === "string" ? [["-x", "c"], source] : [[], undefined];
  const from = typeof source === "string" ? ["-"] : [source.pathname];
  execFileSync("cc", ["-g", "-O1", "-fno-omit-frame-pointer", "-o", output, ...language, ...from, ...flags], { input });
  return output;
}

export const FUNCTIONS = new URL("functions.c", import.meta.url);

/** The address of a function in a file, by `nm`. */
export function nm(file: string, name: string, ...flags: readonly string[]): bigint {
  const lines = execFileSync("nm", [...flags, file], { encoding: "utf8", maxBuffer: 2 ** 28 }).split("\n");
  const line = lines.find((one) => one.split(" ").at(-1)?.split("@")[0] === name && !/ [Uu] /.test(one));
  if (line === undefined) throw new Error(`nm finds no ${name} in ${file}`);
  return BigInt(`0x${line.split(" ")[0]}`);
}

export interface Functions extends Child {
  /** Addresses of functions, as the process itself sees them. */
  readonly at: Readonly<Record<"outer" | "hidden" | "main" | "puts", bigint>>;
  /** Loads a library. Resolves to the address of its function `loaded`. */
  load(library: string): Promise<bigint>;
  /** The return addresses of a stack: in `middle`, `main` and the caller of that. */
  stack(): Promise<bigint[]>;
  /** Execs another program, which prints its functions' addresses too. */
  become(program: string): Promise<Functions["at"]>;
}

/** Starts functions.c, behind a command such as `unshare -m`. */
export async function startFunctions(...command: readonly string[]): Promise<Functions> {
  const [file, ...args] = command;
  const child = start(file!, args);
  const pointer = async (): Promise<[string, bigint]> => {
    const [name, address] = (await child.line()).split(" ");
    return [name!, BigInt(address === "(nil)" ? 0 : address!)];
  };
  const functions = async (): Promise<Functions["at"]> =>
    Object.fromEntries([await pointer(), await pointer(), await pointer(), await pointer()]) as Functions["at"];
  const at = await functions();
  return {
    ...child,
    at,
    async stack() {
      child.write("stack");
      return (await child.line()).trim().split(" ").map(BigInt);
    },
    become(program) {
      child.write(`become ${program}`);
      return functions();
    },
    async load(library) {
      child.write(library);
      const [, address] = await pointer();
      if (address === 0n) throw new Error(`The process cannot load ${library}`);
      return address;
    },
  };
}
