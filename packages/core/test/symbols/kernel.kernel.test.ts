import { execFileSync } from "node:child_process";

import { Symbolizer } from "@rxbpf/core/bpf";
import { expect, test } from "vitest";

/** Functions and their addresses, as grep finds them. */
function listed(pattern: string): { address: bigint; name: string; module: string | undefined }[] {
  const lines = execFileSync("grep", ["-aE", pattern, "/proc/kallsyms"], { encoding: "utf8", maxBuffer: 2 ** 26 });
  return lines
    .trim()
    .split("\n")
    .map((line) => {
      const [, address, name, module] = /^(\S+) \S (\S+)\t?(\S+)?$/.exec(line)!;
      return { address: BigInt(`0x${address}`), name: name!, module };
    });
}

test("functions have the names of kallsyms, and offsets from their start", () => {
  const functions = listed(" [tT] (do_sys_openat2|tcp_v4_connect|schedule|vfs_read)$");
  expect(functions.length).toBeGreaterThan(2);
  const inside = functions.map(({ address }) => address + 6n);
  const frames = new Symbolizer().kernel(inside, { exact: true });
  expect(frames).toEqual(
    functions.map(({ name }, i) => ({ name, offset: 6, module: "[kernel]", address: `0x${inside[i]!.toString(16)}` })),
  );
});

test("every function is found by one of its names", () => {
  // Except BPF programs and trampolines, which other tests load and unload meanwhile.
  const functions = listed("^ffffffff........ [tTwW] ").filter(({ module = "" }) => !/^\[(bpf|__builtin)/.test(module));
  const names = new Map<bigint, string[]>();
  for (const { address, name } of functions) names.set(address, [...(names.get(address) ?? []), name]);
  expect(names.size).toBeGreaterThan(10_000);
  const frames = new Symbolizer().kernel([...names.keys()], { exact: true });
  expect(
    frames.filter(({ name, offset, address }) => offset !== 0 || !names.get(BigInt(address))!.includes(name)),
  ).toEqual([]);
}, 60_000);

test("in a stack, a return address right after a function belongs to that function", () => {
  const [schedule] = listed(" [tT] schedule$");
  const [inner, caller] = new Symbolizer().kernel([schedule!.address, schedule!.address]);
  expect(inner).toMatchObject({ name: "schedule", offset: 0 });
  expect(caller!.name).not.toBe("schedule");
  expect(caller!.address).toBe(inner!.address);
});

test.each([0n, 1n, 0x7fff_0000_0000n, 0xffff_8880_0000_0000n, 0xffff_ffff_ffff_ffffn])(
  "%s is no function",
  (address) => {
    expect(new Symbolizer().kernel([address], { exact: true })).toEqual([
      { name: "[unknown]", offset: 0, module: "[kernel]", address: `0x${address.toString(16)}` },
    ]);
  },
);
