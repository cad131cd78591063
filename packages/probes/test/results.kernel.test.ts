import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { execsnoop, opensnoop, tcpaccept } from "@rxbpf/probes";
import { beforeAll, describe, expect, test, vi } from "vitest";

import { compile, type Outcome, run, start, temporaryFolder } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";

const { EACCES, EDQUOT, EINPROGRESS, EINTR, EXDEV } = os.constants.errno;
const O_WRONLY = 1;

const folder = temporaryFolder();
let sandbox: string;
let file: string;
let fifo: string;

beforeAll(() => {
  sandbox = compile(new URL("programs/sandbox.c", import.meta.url), folder);
  file = path.join(folder, "file");
  fifo = path.join(folder, "fifo");
  execFileSync("touch", [file]);
  execFileSync("mkfifo", [fifo]);
});

/** What programs/sandbox.c got of a call, and what opensnoop tells of it. */
async function opened(how: string, call: string, target: string): Promise<{ got: number; told: number[] }> {
  const recording = await record(opensnoop({ comm: "sandbox" }));
  const { pid, stdout } = await run(sandbox, [how, call, target]);
  const events = (await recording.finish()).filter(
    (event) => event.pid === pid && event.path === target && event.flags !== O_WRONLY,
  );
  expect(recording.lost()).toBe(0);
  return { got: Number(stdout), told: events.map(({ ret }) => ret) };
}

describe.each(["open", "openat"])("the result of %s", (call) => {
  test("is not known where seccomp leaves it to a handler of the process, and not the number that is in its place", async () => {
    expect(await opened("trap", call, file)).toEqual({ got: -EACCES, told: [-EINPROGRESS] });
  });

  test("is not known where seccomp ends the process instead", async () => {
    expect(await opened("killed", call, file)).toEqual({ got: 0, told: [-EINPROGRESS] });
  });

  test.each([
    ["a seccomp filter", "errno", EDQUOT],
    ["a filter's supervisor", "notify", EXDEV],
    ["a supervisor, when the call was made again after a signal's handler", "restart", EXDEV],
    ["a supervisor, when the call was made again after a stop", "ignored", EXDEV],
  ])("is what %s answers", async (_, how, errno) => {
    expect(await opened(how, call, file)).toEqual({ got: -errno, told: [-errno] });
  });

  test("is EINTR where a handler ends it, and nothing else before", async () => {
    expect(await opened("alarm", call, file)).toEqual({ got: -EINTR, told: [-EINTR] });
    expect(await opened("alarm", call, fifo)).toEqual({ got: -EINTR, told: [-EINTR] });
  });

  test("is told once where signals have the call made again", async () => {
    for (const how of ["restart", "ignored"]) {
      const { got, told } = await opened(how, call, fifo);
      expect(got).toBeGreaterThan(2);
      expect(told).toEqual([got]);
    }
  });
});

test("a descriptor may have the call's number, also while SIGSYS waits", async () => {
  expect(await opened("number", "openat", file)).toEqual({ got: 257, told: [257] });
});

test("an open that its process does not live to see the end of is not told", async () => {
  const recording = await record(opensnoop());
  const waiting = start("sh", ["-c", `: < '${fifo}'`]);
  await vi.waitUntil(() => readFileSync(`/proc/${waiting.pid}/syscall`, "utf8").startsWith("257 "), 10_000);
  waiting.kill("SIGKILL");
  await waiting.ended().catch(() => {});
  const events = (await recording.finish()).filter(({ pid }) => pid === waiting.pid);
  expect(events.length).toBeGreaterThan(0);
  expect(events.map(({ path }) => path)).not.toContain(fifo);
});

test("failed opens are those without a result too, and those that a handler ended", async () => {
  const recording = await record(opensnoop({ comm: "sandbox", failed: true }));
  const pids = [];
  for (const [how, call] of [
    ["trap", "open"],
    ["trap", "openat"],
    ["alarm", "openat"],
  ] as const)
    pids.push((await run(sandbox, [how, call, file])).pid);
  const events = (await recording.finish()).filter(({ path }) => path === file);
  expect(events.map(({ pid, ret }) => [pid, ret])).toEqual([
    [pids[0], -EINPROGRESS],
    [pids[1], -EINPROGRESS],
    [pids[2], -EINTR],
  ]);
});

test("a call that a debugger skips is none, and a result that it changes is the kernel's here", async () => {
  const debugger_ = compile(new URL("programs/debugger.c", import.meta.url), folder);
  const files = ["skipped", "changed", "moved"].map((name) => path.join(folder, name));
  const recording = await record(opensnoop());
  const { stdout } = await run(debugger_, files);
  expect(stdout).toBe(`-${os.constants.errno.EPERM} -${os.constants.errno.ENOSPC} 1\n`);
  const events = (await recording.finish()).filter(({ path }) => files.includes(path));
  expect(events.map(({ path, ret }) => [path, ret])).toEqual([[files[1], expect.toSatisfy((ret) => ret > 2)]]);
});

describe("a failed exec", () => {
  async function execed(how: string): Promise<{ got: number; told: number[] }> {
    const recording = await record(execsnoop({ fails: true }));
    const { pid, stdout } = await run(sandbox, [how, "execve", file]);
    const events = (await recording.finish()).filter((event) => event.pid === pid && event.filename === file);
    for (const { args, cwd, comm } of events)
      expect({ args, cwd, comm }).toEqual({ args: ["name"], cwd: process.cwd(), comm: "sandbox" });
    return { got: Number(stdout), told: events.map(({ ret }) => ret) };
  }

  test("is told without a result where seccomp leaves that to the process", async () => {
    expect(await execed("trap")).toEqual({ got: -EACCES, told: [-EINPROGRESS] });
    expect(await execed("killed")).toEqual({ got: 0, told: [-EINPROGRESS] });
  });

  test("has the error that the process gets, once", async () => {
    expect(await execed("errno")).toEqual({ got: -EDQUOT, told: [-EDQUOT] });
    expect(await execed("notify")).toEqual({ got: -EXDEV, told: [-EXDEV] });
    expect(await execed("restart")).toEqual({ got: -EXDEV, told: [-EXDEV] });
    expect(await execed("alarm")).toEqual({ got: -EINTR, told: [-EINTR] });
  });
});

describe.each([
  ["accept", 43],
  ["accept4", 288],
])("%s", (call, number) => {
  const accepted = async (how: string): Promise<Outcome & { events: number }> => {
    const recording = await record(tcpaccept({ includeSelf: true }));
    const outcome = await run(sandbox, [how, call]);
    const events = (await recording.finish()).filter(({ pid }) => pid === outcome.pid);
    return { ...outcome, events: events.length };
  };

  test.each(["trap", "killed", "errno", "notify", "alarm", "restart"])(
    "accepts nothing, and is not told, where its end is this: %s",
    async (how) => {
      const { stdout, events } = await accepted(how);
      if (how !== "killed") expect(Number(stdout.split(" ")[1])).toBeLessThan(0);
      expect(events).toBe(0);
    },
  );

  test("is told where the descriptor is the call's number", async () => {
    const { stdout, events } = await accepted("number");
    expect(stdout).toMatch(new RegExp(`^\\d+ ${number}\\n$`));
    expect(events).toBe(1);
  });
});
