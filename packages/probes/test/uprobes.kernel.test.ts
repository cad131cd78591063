import { spawn } from "node:child_process";

import { bashreadline, gethostlatency } from "@rxbpf/probes";
import { expect, onTestFinished, test } from "vitest";

import { insideAndOutside } from "../../../testing/containers.js";
import { run } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";

test("gethostlatency tells the name that was asked for, and how long that took", async () => {
  const recording = await record(gethostlatency());
  const before = performance.now();
  await run("getent", ["ahosts", "localhost"]);
  const tookNs = (performance.now() - before) * 1e6;
  const { latencyNs, truncated } = await recording.find(({ comm, host }) => comm === "getent" && host === "localhost");
  expect(truncated).toBe(false);
  expect(latencyNs).toBeGreaterThan(0);
  expect(latencyNs).toBeLessThan(tookNs);
});

test("with a set of cgroups, or of mount namespaces, it tells what is asked inside, and nothing that is asked outside", async () => {
  const { inside, outside, filters } = await insideAndOutside();
  const recordings = await Promise.all(filters.map((filter) => record(gethostlatency(filter))));
  await outside.run("getent ahosts localhost");
  await inside.run("getent ahosts localhost");
  for (const recording of recordings) {
    await recording.find(({ host }) => host === "localhost");
    expect(await recording.finish()).toMatchObject([{ ppid: inside.pid, comm: "getent", host: "localhost" }]);
  }
});

test("bashreadline tells the lines that are typed, also those that are no commands, and not what a script does", async () => {
  const recording = await record(bashreadline());
  await run("bash", ["-c", "echo not typed"]);
  const terminal = spawn("script", ["-qec", "bash --norc -i", "/dev/null"], { stdio: ["pipe", "ignore", "ignore"] });
  onTestFinished(() => void terminal.kill("SIGKILL"));
  const typed = [`echo "a tab	and \\ a backslash"`, "# a comment", "exit"];
  // Readline waits for each before the next is read.
  terminal.stdin.write(typed.map((line) => `${line}\r`).join(""));
  await recording.find(({ line }) => line === "exit");
  const lines = (await recording.finish()).map(({ line, comm, truncated }) => [line, comm, truncated]);
  expect(lines).toEqual(typed.map((line) => [line.replace("\t", ""), "bash", false]));
});
