import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as all } from "node:stream/consumers";

import { afterEach, beforeEach, expect, test } from "vitest";

import { childProcesses } from "./child.js";
import { fullDisk } from "./conformance.js";
import { arrow, compressed } from "./recorded.js";
import { json, text } from "./tested.js";

const start = childProcesses();

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rxbpf-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=32k", "tmpfs", directory]);
});
afterEach(() => {
  execFileSync("umount", ["--lazy", directory]);
  rmdirSync(directory);
});

test.each([json, text, arrow, compressed])("$name on a full disk says so and leaves whole events", async (tested) => {
  // What is written in one piece, a batch of Arrow, must fit several times.
  if (tested === arrow || tested === compressed) execFileSync("mount", ["-o", "remount,size=2m", directory]);
  await fullDisk(tested, join(directory, "out"));
});

test.each(["text", "json"])("%s on stdout says so when a file takes only a part", async (sink) => {
  const fd = openSync(join(directory, "out"), "w");
  const child = start(sink, "some", fd);
  closeSync(fd);
  expect(await all(child.stderr!)).toBe("Cannot write to stdout: no space left on device\n");
  await child.exited;
});
