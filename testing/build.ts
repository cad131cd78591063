import { execFileSync } from "node:child_process";

/** Before the kernel tests: builds what their child processes run, the compiled packages, command and programs. */
export default function build(): void {
  const tsc = ["node_modules/typescript/bin/tsc", "--build"];
  for (const script of [["bpf/build.mjs"], tsc, ["scripts/document.mjs"], ["scripts/bundle.mjs"]])
    execFileSync(process.execPath, script, { stdio: "inherit" });
}
