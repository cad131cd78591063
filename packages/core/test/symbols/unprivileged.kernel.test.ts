import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { temporaryFolder } from "../../../../testing/programs.js";
import { build, FUNCTIONS, startFunctions } from "./programs.js";

const folder = temporaryFolder();
const program = build(folder, "program", FUNCTIONS);

const SCRIPT = `
  const [pid, address, kernel] = process.argv.slice(1).map(BigInt);
  import("@rxbpf/core/bpf").then(({ Symbolizer }) => {
    const notices = [];
    const names = new Symbolizer({ onNotice: (text) => notices.push(text) });
    const user = [names.user(Number(pid), [address], { exact: true }), names.user(Number(pid), [address], { exact: true })];
    const frames = [names.kernel([kernel], { exact: true }), names.kernel([kernel], { exact: true })];
    console.log(JSON.stringify({ user: user.flat(), kernel: frames.flat(), notices }));
  });
`;

interface Told {
  readonly user: readonly { name: string; module: string }[];
  readonly kernel: readonly { name: string; module: string }[];
  readonly notices: readonly string[];
}

/** What a process with fewer privileges can name. */
function nameAs(options: readonly string[], pid: number, address: bigint): Told {
  const kernel = "0xffffffff81000000";
  const args = [...options, process.execPath, "-e", SCRIPT, String(pid), String(address), kernel];
  return JSON.parse(execFileSync("setpriv", args, { encoding: "utf8" })) as Told;
}

const NO_SYSLOG =
  "Cannot name functions of the kernel: it hides their addresses; run with CAP_SYSLOG, and set kernel.kptr_restrict to at most 1";

test("without the capabilities for mapped files and the kernel's addresses, files are found by path, and the rest is reported once", async () => {
  const copy = path.join(folder, "copy");
  copyFileSync(program, copy);
  const { pid, at } = await startFunctions(copy);
  const less = ["--bounding-set=-sys_admin,-checkpoint_restore,-syslog"];
  const told = nameAs(less, pid, at.hidden);
  expect(told.user).toMatchObject(Array(2).fill({ name: "hidden", module: "copy" }));
  expect(told.kernel).toMatchObject(Array(2).fill({ name: "[unknown]", module: "[kernel]" }));
  expect(told.notices).toEqual([NO_SYSLOG]);
  // Another file at that path is not used.
  rmSync(copy);
  copyFileSync(program, copy);
  expect(nameAs(less, pid, at.hidden).user[0]).toMatchObject({ name: "[unknown]", module: "copy" });
});

test("other users' processes that cannot be seen are reported once", async () => {
  const { pid, at } = await startFunctions(program);
  const told = nameAs(["--reuid=65534", "--clear-groups"], pid, at.hidden);
  expect(told.user).toMatchObject(Array(2).fill({ name: "[unknown]", module: "[unknown]" }));
  expect(told.notices).toEqual([
    "Cannot name functions of other users' processes: run as root, or with CAP_SYS_PTRACE",
    NO_SYSLOG,
  ]);
});
