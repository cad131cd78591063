import { tree } from "@rxbpf/filters";
import { opensnoop, type OpensnoopOptions } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { compile, run, start, temporaryFolder } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";
import { startShell } from "../../../testing/shell.js";

const folder = temporaryFolder();

/** Traces opens of files in a folder that does not exist. Gives their names. */
async function watch(name: string, options: OpensnoopOptions) {
  const trace = await record(opensnoop({ ...options, ringBytes: 2 ** 20 }));
  return async () => {
    const events = await trace.finish();
    return events.flatMap(({ path }) => (path.startsWith(`${name}/`) ? [path.slice(name.length + 1)] : []));
  };
}

test("a tree has what is below at first, and what any of these start, whoever becomes its parent", async () => {
  const name = `/${uniqueName()}`;
  const root = start("bash", [
    "-c",
    `bash -c 'echo started; read go; : < ${name}/child; (: < ${name}/grandchild)' 2>/dev/null
     exec 2>/dev/null
     : < ${name}/itself
     (bash -c '(sleep 0.3; : < ${name}/orphan; bash -c ": < ${name}/orphans-child") &' &)
     perl -Mthreads -e 'threads->create(sub { exec "cat", "${name}/thread-exec" })->join'
     sleep 0.8
     : < ${name}/last`,
  ]);
  await root.line();
  const shown = await watch(name, { tree: root.pid });
  await run("cat", [`${name}/outside`]);
  root.write("go");
  await root.ended().catch(() => {}); // its status is that of the last open
  const inside = ["child", "grandchild", "itself", "thread-exec", "orphan", "orphans-child", "last"];
  expect(await shown()).toEqual(inside);
});

test("of a thousand processes in a row, each started by one that ends at once, no open is missed", async () => {
  const shell = await startShell();
  const name = `/${uniqueName()}`;
  const shown = await watch(name, { within: tree(shell.pid) });
  await shell.run(`for i in $(seq 1000); do ( (: < ${name}/$i) & ); done 2>/dev/null; sleep 0.3`);
  const numbers = (await shown()).map(Number).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
});

test("what is started while the kernel marks those that are there is not missed", async () => {
  const name = `/${uniqueName()}`;
  const chain = compile(new URL("programs/chain.c", import.meta.url), folder);
  const root = start(chain, [name, "1000"]);
  await root.line();
  const shown = await watch(name, { tree: root.pid });
  await root.ended();
  const numbers = (await shown()).map(Number);
  expect(numbers[0]).toBeLessThan(1000);
  expect(numbers).toEqual(Array.from({ length: 1001 - numbers[0]! }, (_, i) => numbers[0]! + i));
});

test("who gets the pid of one that has ended is not taken for it", async () => {
  const reuse = compile(new URL("../../../testing/reuse.c", import.meta.url), folder);
  const name = `/${uniqueName()}`;
  const opens = (who: string): string => `true < ${name}/${who}; cat ${name}/child-of-${who}`;
  const processes = start(reuse, [
    `echo $$; read go; exec 2>/dev/null; ${opens("one")}`,
    `exec 2>/dev/null; ${opens("two")}`,
  ]);
  const pid = Number(await processes.line());
  const traces = [{ pid }, { tid: pid }, { ppid: pid }, { tree: pid }, {}];
  const shown = [];
  for (const options of traces) shown.push(await watch(name, options));
  processes.write("go");
  expect(Number(await processes.line())).toBe(pid);
  await processes.ended();
  expect(await Promise.all(shown.map((one) => one()))).toEqual([
    ["one"],
    ["one"],
    ["child-of-one"],
    ["one", "child-of-one"],
    ["one", "child-of-one", "two", "child-of-two"],
  ]);
});
