import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { Symbolizer } from "@rxbpf/core/bpf";
import { expect, test } from "vitest";

import { bpftool, pinPath } from "../../../../testing/kernel-objects.js";
import { compileProgram, temporaryFolder } from "../../../../testing/programs.js";

const folder = temporaryFolder();

test("a BPF program that is loaded after the kernel's functions were read is named too, as [bpf]", async () => {
  const source = `
    #include <linux/bpf.h>
    #include <bpf/bpf_helpers.h>
    SEC("socket") int symbols_test(void *ctx) { return bpf_get_prandom_u32() & 1; }
    char LICENSE[] SEC("license") = "GPL";
  `;
  const object = path.join(folder, "named.bpf.o");
  writeFileSync(object, compileProgram(source, folder));
  const names = new Symbolizer();
  names.kernel([0xffff_ffff_8100_0000n]);
  const pin = pinPath();
  bpftool("prog", "load", object, pin);
  const { tag } = bpftool("prog", "show", "pinned", pin) as { tag: string };
  const name = `bpf_prog_${tag}_symbols_test`;
  const line = execFileSync("grep", ["-a", name, "/proc/kallsyms"], { encoding: "utf8" });
  const address = BigInt(`0x${line.split(" ")[0]}`) + 3n;
  const find = () => names.kernel([address], { exact: true })[0];
  await expect.poll(find, { timeout: 20_000 }).toMatchObject({ name, offset: 3, module: "[bpf]" });
});
