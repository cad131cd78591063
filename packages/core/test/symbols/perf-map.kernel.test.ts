import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import { Symbolizer } from "@rxbpf/core/bpf";
import { expect, onTestFinished, test } from "vitest";

import { start, temporaryFolder } from "../../../../testing/programs.js";
import { build, FUNCTIONS, startFunctions } from "./programs.js";

const folder = temporaryFolder();
const program = build(folder, "program", FUNCTIONS);
const EXACT = { exact: true };

/** An address at which no process has a file. */
const MADE = 0x1234_5000n;

const SCRIPT = `
  function hotFunctionOfTheTest(n) { let sum = 0; for (let i = 0; i < n; i++) sum += Math.sqrt(i) % 7; return sum; }
  for (let i = 0; i < 300; i++) hotFunctionOfTheTest(10_000);
  console.log(process.pid);
  process.stdin.resume();
`;

function symbolizer(onNotice?: (text: string) => void): Symbolizer {
  const it = new Symbolizer(onNotice ? { onNotice } : {});
  onTestFinished(() => it.close());
  return it;
}

/** A process with a perf map of the given text. */
async function maker(text: string | Buffer): Promise<{ pid: number; map: string; ended(): Promise<void> }> {
  const { pid, ended } = await startFunctions(program);
  const map = `/tmp/perf-${pid}.map`;
  onTestFinished(() => rmSync(map, { recursive: true, force: true }));
  writeFileSync(map, text);
  return { pid, map, ended };
}

const name = (names: Symbolizer, pid: number, address: bigint = MADE): string =>
  names.user(pid, [address], EXACT)[0]!.name;

/** The address of a function by its last line in Node's map. */
function hot(map: string): bigint {
  const lines = execFileSync("grep", ["-a", "hotFunctionOfTheTest", map], { encoding: "utf8" }).trim().split("\n");
  return BigInt(`0x${lines.at(-1)!.split(" ")[0]}`);
}

test("JavaScript functions have the names of Node's map, also after the end of the process", async () => {
  const node = start("env", ["-C", folder, process.execPath, "--perf-basic-prof", "-e", SCRIPT]);
  await node.line();
  const map = `/tmp/perf-${node.pid}.map`;
  onTestFinished(() => rmSync(map, { force: true }));
  const names = symbolizer();
  names.note(node.pid);
  await node.ended();
  const [frame] = names.user(node.pid, [hot(map) + 4n], EXACT);
  expect(frame).toMatchObject({ offset: 4, module: "[jit]" });
  expect(frame!.name).toMatch(/^JS:.?hotFunctionOfTheTest /);
});

test("in a container, the map is found there, under the pid that the process has there", async () => {
  const temporary = path.join(folder, "tmp");
  mkdirSync(temporary);
  const script = `mount --bind ${temporary} /tmp && cd /tmp && exec ${process.execPath} --perf-basic-prof -e '${SCRIPT}'`;
  const container = start("unshare", ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]);
  expect(await container.line()).toBe("1");
  const pid = Number(readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, "utf8"));
  const address = hot(path.join(temporary, "perf-1.map"));
  expect(name(symbolizer(), pid, address)).toMatch(/^JS:.?hotFunctionOfTheTest /);
});

test("later lines are read, and replace earlier ones", async () => {
  const { pid, map } = await maker("12345000 100 first\n");
  const names = symbolizer();
  expect(name(names, pid)).toBe("first");
  appendFileSync(map, "12346000 20 second function\n12345f80 100 third\n12346040 20 not yet who");
  await expect.poll(() => name(names, pid, 0x1234_6010n)).toBe("third");
  expect(names.user(pid, [0x1234_6090n], EXACT)).toMatchObject([{ name: "[unknown]" }]);
  expect(name(names, pid, 0x1234_6050n)).toBe("third");
  appendFileSync(map, "le\n0x0000000012348000 0x10 of Java\n");
  await expect.poll(() => name(names, pid, 0x1234_8001n)).toBe("of Java");
  expect(name(names, pid, 0x1234_6050n)).toBe("not yet whole");
  writeFileSync(map, "12349000 100 anew\n");
  await expect.poll(() => name(names, pid, 0x1234_9001n)).toBe("anew");
});

test.each<[string, (map: string) => void]>([
  ["another user's", (map) => chownSync(map, 12_345, 12_345)],
  ["older than the process", (map) => utimesSync(map, 1e9, 1e9)],
  [
    "a FIFO",
    (map) => {
      rmSync(map);
      execFileSync("mkfifo", [map]);
    },
  ],
  [
    "a folder",
    (map) => {
      rmSync(map);
      mkdirSync(map);
    },
  ],
  [
    "a link",
    (map) => {
      const target = path.join(folder, "target");
      execFileSync("mv", [map, target]);
      symlinkSync(target, map);
    },
  ],
])("a map that is %s is not read", async (_what, change) => {
  const { pid, map } = await maker("12345000 100 first\n");
  change(map);
  expect(name(symbolizer(), pid)).toBe("[unknown]");
});

test.each<[string, string | Buffer, string]>([
  ["nothing", "", "[unknown]"],
  ["no map", "root:x:0:0:root:/root:/bin/bash\n".repeat(100), "[unknown]"],
  ["bytes of all kinds", Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) >> 3)), "[unknown]"],
  ["one line of 3 MB, then one", `${"x".repeat(3_000_000)}\n12345000 100 first\n`, "first"],
  ["a name of 1 MB", `12345000 100 ${"x".repeat(1_000_000)}\n12345000 100 first\n`, "first"],
  [
    "numbers out of all bounds",
    "ffffffffffffffff ffffffffffffffff a\n0 ffffffffffffffff b\n12345000 100 first\n",
    "first",
  ],
  ["no name", "12345000 100 \n", "[unknown]"],
  ["what is no UTF-8", Buffer.from("12345000 100 a\xff\n", "latin1"), "a\ufffd"],
])("a map with %s does no harm", async (_what, text, expected) => {
  const { pid } = await maker(text);
  expect(name(symbolizer(), pid)).toBe(expected);
});

test("a map with too many functions gives a notice, in bounded memory", async () => {
  const lines = Array.from({ length: 400_000 }, (_, i) => `${(0x2000_0000 + i * 16).toString(16)} 10 function ${i}\n`);
  const { pid } = await maker(lines.join(""));
  const notices: string[] = [];
  const names = symbolizer((text) => notices.push(text));
  expect(name(names, pid, 0x2000_0000n + 200_000n * 16n)).toBe("function 200000");
  expect(name(names, pid, 0x2000_0000n + 399_999n * 16n)).toBe("[unknown]");
  expect(notices).toEqual([
    `Cannot name all code that process ${pid} generates: only the first 262,144 functions of its perf map are read`,
  ]);
}, 60_000);

test("a sparse map of a terabyte is read only up to the limit", async () => {
  const { pid, map } = await maker("12345000 100 first\n");
  execFileSync("truncate", ["-s", "1T", map]);
  expect(name(symbolizer(), pid)).toBe("first");
}, 60_000);
