import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { afterAll, onTestFinished } from "vitest";

import { clangFlags } from "../bpf/flags.mjs";

/** Makes a folder that is removed after the tests of a file. To be called at the file's top level. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-test-"));
  // Not with Node, which cannot remove folders nested deeper than a path can be long.
  afterAll(() => void execFileSync("rm", ["-rf", folder]));
  return folder;
}

/** Makes a generator of random numbers below a limit, the same for the same seed. */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % below;
}

/** Compiles a C program into a folder and returns the path of the executable. */
export function compile(source: URL, folder: string): string {
  const executable = path.join(folder, path.basename(source.pathname, ".c"));
  execFileSync("cc", ["-O1", "-Wall", "-Werror", "-pthread", "-o", executable, source.pathname]);
  return executable;
}

/**
 * Compiles a BPF program, given as a file or as text, with the project's own flags. Returns the bytes of the object.
 */
export function compileProgram(source: URL | string, folder: string, ...flags: readonly string[]): Uint8Array {
  const object = path.join(folder, "program.bpf.o");
  const input = source instanceof URL ? readFileSync(source, "utf8") : source;
  execFileSync("clang", [...clangFlags(), ...flags, "-x", "c", "-c", "-", "-o", object], { input });
  return readFileSync(object);
}

export interface Child {
  readonly pid: number;
  /** The next line that it prints. @throws Error if it has ended */
  line(): Promise<string>;
  /** The lines that it prints from now on, until it ends. */
  lines(): AsyncIterable<string>;
  /** Writes a line to its input. */
  write(line: string): void;
  kill(signal: NodeJS.Signals): void;
  /** Waits for its end. @throws Error with its stderr if its status is not 0 */
  ended(): Promise<void>;
}

/** Starts a program that reads and writes lines. It is killed with the test if it still runs. */
export function start(command: string, args: readonly string[] = []): Child {
  const child = spawn(command, args, { stdio: "pipe" });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  child.stdin.on("error", () => {}); // it ended without reading everything, as its status shows
  onTestFinished(() => void child.kill("SIGKILL"));

  return {
    pid: child.pid!,
    async line() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} ended before it printed a line: ${complaints}`);
      return value;
    },
    lines: () => ({ [Symbol.asyncIterator]: () => lines }),
    write: (line) => void child.stdin.write(`${line}\n`),
    kill: (signal) => void child.kill(signal),
    async ended() {
      child.stdin.end();
      const [status, signal] = await closed;
      if (status !== 0) throw new Error(`${command} ended with ${signal ?? status}: ${complaints}`);
    },
  };
}

export interface Outcome {
  readonly pid: number;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(command: string, args: readonly string[] = []): Promise<Outcome> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [status] = (await once(child, "close")) as [number | null];
  return { pid: child.pid!, status, stdout, stderr };
}
