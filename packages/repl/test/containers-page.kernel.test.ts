import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { containerId, dockerServer, makeCgroups } from "../../../testing/engines.js";
import { pinPath, uniqueName } from "../../../testing/kernel-objects.js";
import { run, start, temporaryFolder } from "../../../testing/programs.js";

// The page on containers is followed here, block by block, as it stands there, with a pin of the test's own.
const repository = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(path.join(repository, "docs/containers.md"), "utf8");
const blocks = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, text = ""]) => ({ language, text }));
const scripts = blocks.filter(({ language }) => language === "ts");
const lineOf = (block: (typeof blocks)[number]): string =>
  block.language === "ts" ? `rxbpf run page-${scripts.indexOf(block)}.ts` : block.text;
const isNaming = ({ text }: (typeof blocks)[number]): boolean => /--show|show:/.test(text);
const [list, ...traces] = blocks.filter((block) => !isNaming(block)).map(lineOf);
const [shown, counted, recorded, ...others] = blocks.filter(isNaming).map(lineOf);

const folder = temporaryFolder();
symlinkSync(path.join(repository, "packages/repl/bin/rxbpf.cjs"), path.join(folder, "rxbpf"));
for (const [i, { text }] of scripts.entries()) writeFileSync(path.join(folder, `page-${i}.ts`), text);

/** A container that is called web, and what in it and outside of it opens a file again and again. */
async function busyContainer() {
  const id = containerId();
  const { paths } = makeCgroups(`docker/${id}`, "beside");
  const socket = await dockerServer([{ Id: id, Names: ["/web"] }]);
  const words = paths.map((cgroup) => {
    const word = uniqueName();
    const line = "echo 0 > $0/cgroup.procs; while sleep 0.1; do cat /tmp/$1; done 2>/dev/null";
    start("sh", ["-c", line, cgroup, word]);
    return word;
  });
  const [inside, outside] = words as [string, string];
  const pin = pinPath();
  const follow = (block: string) => {
    const line = `cd ${folder}; export PATH=${folder}:$PATH DOCKER_HOST=unix://${socket}; ${block}`;
    return run("bash", ["-ec", line.replaceAll("/sys/fs/bpf/web", pin)]);
  };
  return { id, inside, outside, follow };
}

test("the list has the container", async () => {
  const { id, follow } = await busyContainer();
  expect((await follow(list!)).stdout).toMatch(new RegExp(`^container +web +${id.slice(0, 12)} `, "m"));
});

test("events have the name of their container: in a column, in a script, in a recording", async () => {
  const { inside, outside, follow } = await busyContainer();
  const [column, script, replayed] = await Promise.all([shown!, counted!, recorded!].map(follow));
  expect(column).toMatchObject({ status: 0, stderr: "" });
  expect(column!.stdout).toMatch(/^CONTAINER {8}PID /);
  expect(column!.stdout).toMatch(new RegExp(`^web {14}.* /tmp/${inside}$`, "m"));
  expect(column!.stdout).toMatch(new RegExp(`^- {16}.* /tmp/${outside}$`, "m"));
  expect(script!.stdout).toMatch(/^web +\d+$/m);
  expect(replayed!.status).toBe(0);
  expect(replayed!.stdout).toMatch(new RegExp(`^web {14}- .* /tmp/${inside}$`, "m"));
  expect(replayed!.stdout).not.toContain(outside);
  expect(others).toEqual([]);
});

describe("every way shows what the container opens, and nothing else", () => {
  test("there is the one line, a script, BCC's way and its short form", () => expect(traces).toHaveLength(4));

  test.each(traces)("%s", async (block) => {
    const { inside, outside, follow } = await busyContainer();
    const { stdout, stderr, status } = await follow(block);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(inside);
    expect(stdout).not.toContain(outside);
  });
});
