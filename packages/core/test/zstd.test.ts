import { zstdCompress, zstdDecompress } from "@rxbpf/core/system";
import { expect, test } from "vitest";

const text = Buffer.from("/usr/lib/x86_64-linux-gnu/libc.so.6\n".repeat(1000));

test.each([
  ["a text", text],
  ["nothing", new Uint8Array(0)],
  ["a part of a larger array", text.subarray(7, 100)],
])("%s comes back as it was", (_what, bytes) => {
  const back = new Uint8Array(bytes.length);
  zstdDecompress(zstdCompress(bytes), back);
  expect(Buffer.from(back).equals(bytes)).toBe(true);
});

test("repetitive bytes shrink to a fraction", () => {
  expect(zstdCompress(text).length).toBeLessThan(text.length / 100);
});

test.each([
  ["what is no frame", text.subarray(0, 50), text.length],
  ["nothing", new Uint8Array(0), text.length],
  ["a frame that is cut", zstdCompress(text).subarray(0, -5), text.length],
  ["a frame of more", zstdCompress(text), text.length - 1],
  ["a frame of less", zstdCompress(text), text.length + 1],
])("%s is refused, and nothing is written past the buffer", (_what, frame, length) => {
  const memory = new Uint8Array(length + 64).fill(7);
  expect(() => zstdDecompress(frame, memory.subarray(0, length))).toThrow(RangeError);
  expect(memory.subarray(length).every((byte) => byte === 7)).toBe(true);
});
