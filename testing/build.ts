import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds what the tests' child processes run: the packages, the command and the BPF programs. */
export default function build(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL("../scripts/setup.mjs", import.meta.url))], {
    stdio: "inherit",
  });
}
