// Shared by the scripts next to this folder: an attacker without privileges, and streams that are recorded meanwhile.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { filter, firstValueFrom, Subject } from "rxjs";

const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-faults-"));
chmodSync(folder, 0o755);
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Compiles a C program of the repository. Returns the path of the executable. */
export function compile(source) {
  const executable = path.join(folder, path.basename(source, ".c"));
  const from = fileURLToPath(new URL(`../../../${source}`, import.meta.url));
  execFileSync("cc", ["-O1", "-pthread", "-o", executable, from]);
  return executable;
}

/** Starts a program that reads and writes lines. */
export function start(command, ...args) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    line: async () => (await lines.next()).value,
    write: (line) => child.stdin.write(`${line}\n`),
    /** Closes its input and waits for its end. */
    async end() {
      child.stdin.end();
      await closed;
    },
  };
}

const attacks = compile("testing/attacks.c");

/** Starts an attack of testing/attacks.c as the user nobody. Resolves once it holds everything it should. */
export async function attack(name, count) {
  const attacker = start(attacks, name, String(count));
  const said = await attacker.line();
  if (said !== `ready ${count}`) throw new Error(`The attack ${name} ${count} said ${said}`);
  return attacker;
}

/** Subscribes to a stream. Resolves once it is attached; `finish` returns the wanted events and how many were lost. */
export async function record(stream, wanted) {
  const events = [];
  const end = new Subject();
  let lost = 0;
  const bounded = stream.until(end);
  const attached = firstValueFrom(bounded.status.pipe(filter(({ type }) => type === "attached")));
  bounded.status.subscribe((status) => (lost += status.type === "lost" ? status.count : 0));
  const completed = new Promise((resolve, reject) =>
    bounded.subscribe({
      next: (event) => {
        if (wanted(event)) events.push(event);
      },
      complete: resolve,
      error: reject,
    }),
  );
  await Promise.race([attached, completed]);
  return {
    async finish() {
      end.next();
      await completed;
      return { events, lost };
    },
  };
}

/** Prints a script's figures, and makes it fail unless they are right. */
export function report(name, figures, right) {
  console.log(
    `${name}: ${Object.entries(figures)
      .map(([what, count]) => `${count} ${what}`)
      .join(", ")}`,
  );
  if (!right) process.exitCode = 1;
}

export function isOfNobody({ uid }) {
  return uid === 65534;
}
