// `npm run test:kernels [-- KERNEL...]`: tests the command on kernels of Debian, each in a virtual machine of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";

import { makeImage } from "./image.mjs";
import { fetchKernel, kernels } from "./kernels.mjs";

const MINUTES = 20;

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(kernels);
const unknown = wanted.filter((name) => !Object.hasOwn(kernels, name));
if (unknown.length > 0) {
  console.error(`There is no kernel ${unknown.join(" ")}; there are ${Object.keys(kernels).join(" ")}`);
  process.exit(2);
}

const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-kernels-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const image = path.join(folder, "image.cpio");
makeImage(image);
let passed = 0;
for (const name of wanted) {
  console.log(`\n${name}`);
  if (await boot(fetchKernel(name), image, kernels[name])) passed++;
}
console.log(`\n${passed} passed, ${wanted.length - passed} failed`);
process.exitCode = passed === wanted.length ? 0 : 1;

/**
 * Boots a kernel, prints what its guest does and returns whether everything passed. The guest has two processors, as
 * many faults only show on the second. It is emulated, as few test machines have nested virtualization; and on one
 * thread, as QEMU 7 with several breaks kernels that patch their own code.
 */
async function boot(kernel, image, { tooOld }) {
  const kernelOptions = [
    "console=ttyS0",
    "quiet",
    "panic=-1",
    "mitigations=off",
    "no_timer_check", // which a busy host makes fail
    ...(tooOld ? ["KERNEL_IS=too-old"] : []),
  ];
  const options = {
    accel: "tcg,thread=single",
    M: "q35",
    cpu: "max",
    smp: "2",
    m: "3G",
    display: "none",
    serial: "stdio",
    kernel,
    initrd: image,
    append: kernelOptions.join(" "),
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
  const machine = spawn("qemu-system-x86_64", ["-nodefaults", "-no-user-config", "-no-reboot", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: MINUTES * 60_000,
    killSignal: "SIGKILL",
  });
  let outcome;
  for await (const line of createInterface({ input: machine.stdout })) {
    // Firmware clears the screen.
    const text = stripVTControlCharacters(line).trimEnd();
    if (text) console.log(`  ${text}`);
    outcome = /guest: \d+ passed, (\d+) failed/.exec(text)?.[1] ?? outcome;
  }
  return outcome === "0";
}
