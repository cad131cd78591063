import { execFileSync } from "node:child_process";

/** Before the kernel tests: builds what their child processes run, the compiled packages, command and programs. */
export default function build(): void {
  for (const script of [["bpf/build.mjs"], ["node_modules/typescript/bin/tsc", "--build"], ["scripts/bundle.mjs"]])
    execFileSync(process.execPath, script, { stdio: "inherit" });
}
