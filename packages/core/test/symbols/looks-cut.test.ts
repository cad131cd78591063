import type { Frame } from "@rxbpf/core";
import { looksCut } from "@rxbpf/core/events";
import { expect, test } from "vitest";

function stack(...names: readonly string[]): Frame[] {
  return names
    .map((name) => ({ name, offset: 1, module: name === "nowhere" ? "[unknown]" : "a", address: "0x1" }))
    .map((frame) => (frame.name === "nowhere" ? { ...frame, name: "[unknown]" } : frame));
}

test.each([
  ["a program's beginning", stack("work", "main", "__libc_start_main_impl", "_start"), false],
  ["where the C library calls main", stack("work", "main", "__libc_start_call_main"), false],
  ["the same without a symbol", stack("work", "main", "[unknown]"), false],
  ["a thread's beginning", stack("work", "start_thread", "__clone3"), false],
  ["a goroutine's beginning", stack("main.work", "runtime.goexit.abi0"), false],
  ["a function of the program", stack("write", "work"), true],
  ["code without a symbol", stack("work", "[unknown]"), true],
  ["what is not mapped", stack("work", "main", "nowhere"), true],
  ["nothing", [], false],
])("a stack that ends at %s", (_what, frames, cut) => {
  expect(looksCut(frames)).toBe(cut);
});
