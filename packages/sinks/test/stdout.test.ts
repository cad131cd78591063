import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text as all } from "node:stream/consumers";

import { describe, expect, test } from "vitest";

import { childProcesses } from "./child.js";

const start = childProcesses();

const first = (stream: Readable | null): Promise<string> =>
  new Promise((resolve) => stream!.once("data", (data) => resolve(String(data))));

const LINES = {
  text: (seq: number) => `${String(seq).padEnd(6)} a\\x1b[2Jfile\n`,
  json: (seq: number) => `{"seq":${seq},"name":"a\\u001b[2Jfile"}\n`,
};
const HEADS = { text: "SEQ    NAME\n", json: "" };

test("the heading shows a parent process that tracing has begun", async () => {
  expect(await first(start("text", "nothing").stdout)).toBe(HEADS.text);
});

describe.each(["text", "json"] as const)("%s on stdout", (sink) => {
  const table = (): string => HEADS[sink] + Array.from({ length: 20_000 }, (_, seq) => LINES[sink](seq)).join("");
  const tables = (): string =>
    table() + HEADS[sink] + Array.from({ length: 20_000 }, (_, i) => LINES[sink](20_000 + i)).join("");

  test("a single event reaches a pipe while the stream goes on", async () => {
    const child = start(sink, "one");
    let seen = "";
    for await (const data of child.stdout!) {
      seen += data;
      if (seen === HEADS[sink] + LINES[sink](0)) break;
    }
    expect(seen).toBe(HEADS[sink] + LINES[sink](0));
  });

  test("a pipe gets everything, also of a second sink", async () => {
    const child = start(sink, "many");
    const [stdout, stderr] = await Promise.all([all(child.stdout!), all(child.stderr!)]);
    expect(stdout).toBe(tables());
    expect(stderr).toBe("complete\n");
    expect(await child.exited).toBe(0);
  });

  test("a file gets everything, also of a second sink", async () => {
    const directory = mkdtempSync(join(tmpdir(), "rxbpf-stdout-"));
    try {
      const path = join(directory, "out");
      const fd = openSync(path, "w");
      const child = start(sink, "many", fd);
      closeSync(fd);
      expect(await all(child.stderr!)).toBe("complete\n");
      expect(await child.exited).toBe(0);
      expect(readFileSync(path, "utf8")).toBe(tables());
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("a full device is one clear error", async () => {
    const fd = openSync("/dev/full", "w");
    const child = start(sink, "many", fd);
    closeSync(fd);
    expect(await all(child.stderr!)).toBe(
      "Cannot write to stdout: no space left on device; free some space, or write elsewhere\n",
    );
  });

  test("a reader that goes away ends it quietly", async () => {
    const child = start(sink, "ticks");
    await first(child.stdout);
    child.stdout!.destroy();
    expect(await all(child.stderr!)).toBe("complete\n");
    expect(await child.exited).toBe(0);
  });

  test("a reader that stalls holds the source and does not block the process", async () => {
    const child = start(sink, "flood");
    // Nothing reads its stdout here, and it does not end by itself.
    expect(await first(child.stderr)).toBe("held\n");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(3);
  });
});
