import { expect, test } from "vitest";

import { start, temporaryFolder } from "../../../testing/programs.js";
import { enter, piped, startPrompt } from "./prompt.js";

const folder = temporaryFolder();

test("the last value is `_`, with its type, also of a promise and of a stream", async () => {
  const inputs = [
    "6 * 7",
    "_ + 1",
    "const unrelated = 1",
    "_.toFixed(1)",
    'Promise.resolve(["a", "b"])',
    "_.length",
    "of(1, 2)",
    "_.pipe(map((n) => n * 10))",
    "const a = 1; a + 1",
    "const a = 'another'",
    "_ * 3",
  ];
  const { stdout, stderr } = await piped(folder, [...inputs, "_.length"]);
  expect(stdout.split("\n")).toEqual(["42", "43", "'43.0'", "[ 'a', 'b' ]", "2", "1", "2", "10", "20", "2", "6", ""]);
  expect(stderr).toContain("Property 'length' does not exist on type 'number'");
});

test("`_` is theirs who declare it", async () => {
  expect(await piped(folder, ["1", "const _ = 'mine'", "2", "_.length"])).toMatchObject({
    stdout: "1\n2\n4\n",
    stderr: "",
  });
});

test("`_` is there at a terminal, and Tab knows its type", async () => {
  const prompt = await startPrompt();
  await enter(prompt, "[3, 4]");
  expect(await enter(prompt, "_.length")).toContain("2");
  await enter(prompt, "'text'");
  prompt.type("_.toUpperC");
  await prompt.waitFor(/toUpperC$/);
  prompt.key("Tab");
  await prompt.waitFor("_.toUpperCase");
});

test("a loop takes events of a stream after operators", async () => {
  start("sh", ["-c", "while sleep 0.1; do cat /etc/hostname; done > /dev/null"]);
  const { stdout, stderr } = await piped(folder, [
    'const names = opensnoop({ comm: "cat" }).pipe(map((e) => e.comm), take(2))',
    "for await (const name of names) console.log(name.length)",
  ]);
  expect({ stdout, stderr }).toEqual({ stdout: "3\n3\n", stderr: "" });
});
