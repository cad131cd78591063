import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const PREFIX = "rxbpf-tests-";

/**
 * Gives the tests and their children the same environment whoever runs them: no demand for colours, as nx makes it, and
 * a temporary folder of their own.
 * @returns a function that removes the folder, and fails the run if anything was left there
 */
export default function environmentOfTests(): () => void {
  delete process.env["FORCE_COLOR"];
  const { TMPDIR: before } = process.env;
  // Each project of a run calls this in the same process.
  if (path.basename(tmpdir()).startsWith(PREFIX)) return () => {};
  const folder = mkdtempSync(path.join(tmpdir(), PREFIX));
  chmodSync(folder, 0o1777); // for all users, like /tmp
  process.env["TMPDIR"] = folder;
  return () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    console.error(`The tests left in the temporary folder: ${left.join(" ")}`);
    process.exitCode = 1;
  };
}
