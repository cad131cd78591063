import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";

import { textOf } from "@rxbpf/core";
import { cgroupId } from "@rxbpf/filters";
import { execsnoop } from "@rxbpf/probes";
import { beforeAll, describe, expect, test } from "vitest";

import { makeCgroup } from "../../../../testing/kernel-objects.js";
import { record } from "../../../../testing/recording.js";
import { startShell } from "../../../../testing/shell.js";
import { argsOf, placeOf, programs, told } from "./execs.js";

const { folder, exec, witness, command, trace } = programs();

beforeAll(() => chmodSync(folder, 0o755));

/** Writes a script and gives its path. */
function script(name: string, firstLine: string, body: string = ""): string {
  const file = path.join(folder, name);
  writeFileSync(file, `${firstLine}\n${body}`, { mode: 0o755 });
  return file;
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(" ");

test("every field of an event is what the new program finds", async () => {
  const cgroup = makeCgroup();
  const shell = await startShell(["unshare", "-m", "bash"]);
  shell.enter(cgroup);
  await shell.run("printf 'a parent' > /proc/$$/comm");

  const recording = await record(execsnoop());
  const before = Date.now();
  const stdout = await shell.run(
    `setpriv --reuid=12345 --clear-groups ${quoted(command("execve", witness, ["its name", "-x"]))}`,
  );
  const after = Date.now();
  const events = await recording.finish();

  const { args, ...who } = told({ stdout });
  expect(args).toEqual(["its name", "-x"]);
  expect(who).toMatchObject({ ppid: shell.pid, uid: 12345, comm: "witness", file: witness, cwd: process.cwd() });
  expect(events.filter(({ filename }) => filename === witness)).toEqual([
    {
      ...who,
      time: expect.toSatisfy((time) => time > before - 2 && time < after + 2),
      cgroupId: cgroupId(cgroup),
      execId: expect.any(Number),
      pcomm: "a parent",
      ret: 0,
      filename: witness,
      ...placeOf(witness),
      interpreter: "",
      args: ["its name", "-x"],
      interpreterArgs: [],
      truncated: false,
    },
  ]);
  expect(recording.lost()).toBe(0);
});

describe("a program is an event", () => {
  test.each([
    ["execve", () => witness],
    ["path", () => witness],
    ["dir", () => expect.stringMatching(/^\/dev\/fd\/\d+\/witness$/)],
    ["descriptor", () => expect.stringMatching(/^\/dev\/fd\/\d+$/)],
    ["int80", () => witness],
  ])("when it is started by %s", async (how, filename) => {
    const traced = await trace({}, how, witness, ["w", "1"]);
    const { pid, events } = traced;
    expect(told(traced)).toMatchObject({ pid, args: ["w", "1"] });
    expect(events).toMatchObject([
      { pid, tid: pid, comm: told(traced).comm, ret: 0, filename: filename(), args: ["w", "1"], truncated: false },
    ]);
  });

  test("also when a thread that is not the leader starts it: the process keeps its id", async () => {
    const { pid, events } = await trace({}, "-t execve", witness, ["w"]);
    expect(events).toMatchObject([{ pid, tid: pid, ppid: process.pid, filename: witness, args: ["w"] }]);
  });

  test("with the file's name cut to 15 bytes as its own", async () => {
    const long = script("a name of more than fifteen bytes", "#!/bin/sh");
    const { events } = await trace({}, "execve", long, ["w"]);
    expect(events).toMatchObject([{ comm: "a name of more ", filename: long }]);
  });
});

describe("arguments are what the program got", () => {
  test.each<[string, (string | Buffer)[]]>([
    ["empty ones", ["", "", "a", ""]],
    ["spaces, newlines, quotes and tabs", ["a b", " ", "c\nd", `'"\\`, "\t"]],
    ["what a terminal would obey", ["\u001b[2J", "\u202e"]],
    ["more than one byte to a character", ["äöü", "€", "😀"]],
    ["bytes that are no UTF-8", [Buffer.from([0x61, 0xff, 0xfe, 0x62]), Buffer.from([0xe2, 0x82])]],
    ["a thousand", Array.from({ length: 1000 }, (_, i) => `${i}`)],
  ])("%s", async (_, args) => {
    const traced = await trace({}, "execve", witness, args);
    expect(traced.events).toMatchObject([{ args: told(traced).args, truncated: false }]);
    expect(told(traced).args).toEqual(args.map((arg) => textOf(Buffer.from(arg))));
  });

  // Since 5.18 a program gets an empty name where it is given none.
  test.each(["execve", "no-list"])("none, by %s", async (how) => {
    const traced = await trace({}, how, witness, []);
    expect(traced.events).toMatchObject([{ args: told(traced).args, truncated: false }]);
    expect(argsOf(traced.events[0]!)).toBe(witness);
  });
});

describe("a script", () => {
  test("is the file, its interpreter is told, and ARGS is what the caller gave", async () => {
    const file = script("script", `#!${witness}`);
    const traced = await trace({}, "execve", file, ["ignored", "a b", ""]);
    expect(told(traced)).toMatchObject({ comm: "script", args: [witness, file, "a b", ""] });
    const [event] = traced.events;
    expect(traced.events).toHaveLength(1);
    expect(event).toMatchObject({ comm: "script", filename: file, interpreter: witness, args: [file, "a b", ""] });
    expect(event).toMatchObject({ file: witness, interpreterArgs: told(traced).args });
    expect(argsOf(event!)).toBe(`${file} a b `);
    expect(argsOf(event!, { quote: true })).toBe(`"${file}" "a b" ""`);
  });

  test("whose interpreter gets an argument of its own is shown without it", async () => {
    const file = script("flagged", `#!${witness} -e -x`);
    const traced = await trace({}, "execve", file, ["ignored", file]);
    expect(told(traced).args).toEqual([witness, "-e -x", file, file]);
    expect(traced.events).toMatchObject([
      { interpreter: witness, args: [file, file], interpreterArgs: told(traced).args },
    ]);
    expect(argsOf(traced.events[0]!)).toBe(`${file} ${file}`);
  });

  test("whose interpreter is a script has the last one as its interpreter", async () => {
    const inner = script("inner", `#!${witness} -i`);
    const outer = script("outer", `#!${inner} -o`);
    const traced = await trace({}, "execve", outer, ["ignored", "1"]);
    expect(told(traced).args).toEqual([witness, "-i", inner, "-o", outer, "1"]);
    expect(traced.events).toMatchObject([
      { comm: "outer", filename: outer, file: witness, interpreter: witness, args: [outer, "1"] },
    ]);
    expect(traced.events[0]!.interpreterArgs).toEqual(told(traced).args);
    expect(argsOf(traced.events[0]!)).toBe(`${outer} 1`);
  });

  test("that is started by a descriptor is shown by that", async () => {
    const file = script("by descriptor", `#!${witness}`);
    const { events } = await trace({}, "descriptor", file, ["ignored", "1"]);
    expect(events).toMatchObject([{ filename: expect.stringMatching(/^\/dev\/fd\/\d+$/), interpreter: witness }]);
    expect(argsOf(events[0]!)).toBe(`${events[0]!.filename} 1`);
  });

  test("whose arguments are cut before the caller's is shown without any", async () => {
    const file = script("cut", `#!${witness}`);
    const { events } = await trace({ argsSize: 5 }, "execve", file, ["ignored", "1"]);
    expect(events).toMatchObject([{ args: [], interpreterArgs: [witness.slice(0, 5)], truncated: true }]);
    expect(argsOf(events[0]!)).toBe(`${file} ...`);
  });
});

test("failed execs do not come without `fails`, and their program is not loaded", async () => {
  const recording = await record(execsnoop());
  expect(recording.statuses).toEqual([{ type: "attached", programs: ["exec_done"] }]);
  recording.unsubscribe();
  expect((await trace({}, "execve", `${exec}-missing`, ["x"])).events).toEqual([]);
});
