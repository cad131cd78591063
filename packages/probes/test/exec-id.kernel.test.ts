import { execsnoop, opensnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { compile, run, temporaryFolder } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";

const folder = temporaryFolder();

/** Traces a command; gives its execs and its opens of files below a path, by which they are told apart. */
async function trace(prefix: string, command: string, ...args: string[]) {
  const [opens, execs] = await Promise.all([record(opensnoop()), record(execsnoop())]);
  const outcome = await run(command, args);
  expect(outcome.status, outcome.stderr).toBe(0);
  const opened = (await opens.finish()).filter(({ path }) => path.startsWith(prefix));
  return { opens: new Map(opened.map((open) => [open.path.slice(prefix.length), open])), execs: await execs.finish() };
}

test("an exec gives a process another execId, which is that of all that the new program does", async () => {
  const file = `${folder}/${uniqueName()}-`;
  const second = `: > ${file}second; perl -e 'use threads; threads->create(sub { open(F, ">${file}thread") })->join'; :`;
  const { opens, execs } = await trace(
    file,
    "bash",
    "-c",
    `: > ${file}first; exec bash -c "${second.replaceAll('"', '\\"')}"`,
  );
  const [first, after, thread] = ["first", "second", "thread"].map((name) => opens.get(name)!);
  expect(after!.pid).toBe(first!.pid);
  expect(after!.execId).not.toBe(first!.execId);
  expect(thread!.tid).not.toBe(thread!.pid);

  // By this alone an open finds the exec that it came after.
  const argsOf = (execId: number) => execs.filter((exec) => exec.execId === execId).map(({ args }) => args.slice(0, 2));
  expect(argsOf(first!.execId)).toEqual([["bash", "-c"]]);
  expect(argsOf(after!.execId)).toEqual([["bash", "-c"]]);
  expect(argsOf(thread!.execId)).toEqual([["perl", "-e"]]);
  expect(Number.isSafeInteger(thread!.execId)).toBe(true);
});

test("a process that was forked has an execId of its own, without an exec", async () => {
  const file = `${folder}/${uniqueName()}-`;
  const children = [1, 2, 3].map((i) => `( : > ${file}${i} ); `).join("");
  const { opens, execs } = await trace(file, "bash", "-c", `${children} : > ${file}0`);
  const ids = ["0", "1", "2", "3"].map((name) => opens.get(name)!.execId);
  expect(new Set(ids).size).toBe(4);
  expect(ids.map((id) => execs.filter(({ execId }) => execId === id).length)).toEqual([1, 0, 0, 0]);
});

test("two processes that had one pid, one after the other, have different ones", async () => {
  const reuse = compile(new URL("../../../testing/reuse.c", import.meta.url), folder);
  const file = `${folder}/${uniqueName()}-`;
  const { opens, execs } = await trace(file, reuse, `: > ${file}1`, `: > ${file}2`);
  const [one, two] = [opens.get("1")!, opens.get("2")!];
  expect(two.pid).toBe(one.pid);
  expect(two.execId).not.toBe(one.execId);
  const pids = execs.filter(({ execId }) => execId === one.execId || execId === two.execId);
  expect(pids.map(({ args }) => args.at(-1))).toEqual([`: > ${file}1`, `: > ${file}2`]);
});
