import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import * as probes from "@rxbpf/probes";
import * as define from "@rxbpf/probes/define";
import { describe, expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf } from "./cli.js";

const folder = temporaryFolder();
const all = Object.values<unknown>(probes).filter(define.isProbe);

test("list tells every probe with what it shows, by name", async () => {
  const { status, stdout, stderr } = await rxbpf("list");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const names = all.map(({ definition }) => definition.name).sort();
  expect(stdout.match(/^\S+/gm)).toEqual(names);
  for (const { definition } of all)
    expect(stdout).toMatch(new RegExp(`^${definition.name} +${definition.summary}$`, "m"));
});

test("--version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  for (const flag of ["--version", "-V"])
    expect(await rxbpf(flag)).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });
});

const OTHER_COMMANDS = [
  ...["cgroupid", "completion", "containers", "export", "help", "info", "list", "man", "map", "record", "recover"],
  ...["replay", "report", "run", "ship", "version"],
];

test("--help tells every command", async () => {
  const { status, stdout } = await rxbpf("--help");
  expect(status).toBe(0);
  const [, commands] = stdout.split(/^(?:Commands|Exit status):$/m);
  expect(
    commands!
      .match(/^  [a-z]\S*/gm)!
      .map((line) => line.trim())
      .sort(),
  ).toEqual([...all.map(({ definition }) => definition.name), ...OTHER_COMMANDS].sort());
});

describe("--help of a probe", () => {
  test.each(all.map((probe) => [probe.definition.name, probe] as const))(
    "%s tells all its options",
    async (name, probe) => {
      const { status, stdout, stderr } = await rxbpf(name, "--help");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain(probe.definition.summary);

      const flags = (optionName: string, { short, long, value, kind }: define.Option<unknown>): string => {
        const words = `--${long ?? optionName.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
        const taken = kind === "flag" || kind === "command" ? "" : ` <${value}>`;
        return `${short ? `-${short}, ` : ""}${words}${taken}`;
      };
      const outputs = Object.keys(probe.outputs);
      const others = outputs.filter((output) => output !== probe.definition.main);
      const options = [
        ...Object.entries(
          Object.assign({}, ...outputs.map((output) => probe.optionsOf(output))) as define.Options,
        ).filter(([, { kind }]) => kind !== "object"),
        ...others.map((output) => {
          const { help = "", short } = probe.outputs[output]!;
          return [output, define.flag(help, short === undefined ? {} : { short })] as const;
        }),
      ];
      const expected = options.map(([optionName, option]) => `${flags(optionName, option)} ${option.help}`);
      const { csvLetter, lists = {} } = probe.definition;
      // Lines are broken to fit: compare words.
      const entries = stdout
        .slice(stdout.indexOf("\nOptions:\n") + "\nOptions:\n".length)
        .split(/\n(?=  -)/)
        .map((entry) => entry.trim().replace(/\s+/g, " "));
      expect(entries).toEqual([
        ...expected,
        "--json write one JSON object per line",
        `${csvLetter ? `-${csvLetter}, ` : ""}--csv write all fields as comma-separated values`,
        ...Object.entries(lists).map(([list, { short, help }]) => `${short ? `-${short}, ` : ""}--${list} ${help}`),
        "-h, --help display help for command",
      ]);
    },
  );
});

/** Lines of JSON, each an object. */
const objects = (lines: string): Record<string, unknown>[] =>
  lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("--csv", () => {
  test("writes the fields of opens, and the rows of tables, under their names", async () => {
    const opens = (await rxbpf("opensnoop", "--csv", "--exec", "cat", "/dev/null")).stdout.split("\n");
    expect(opens[0]).toBe(Object.keys(probes.opensnoop.outputs.events.schema.fields).join(","));
    expect(opens.filter((line) => line.includes(",cat,") && line.includes(",/dev/null,"))).toHaveLength(1);
    const [head, ...rows] = (
      await rxbpf("syscount", "--csv", "--exec", "perl", "-e", "syscall(111) for 1 .. 77")
    ).stdout
      .trimEnd()
      .split("\n");
    expect(head).toBe("time,pid,comm,cgroupId,call,compat,name,count,timeNs");
    expect(rows.filter((row) => row.endsWith(",0,,0,111,false,getpgrp,77,0"))).toHaveLength(1);
  });

  test("excludes --json", async () => {
    const { status, stderr } = await rxbpf("opensnoop", "--csv", "--json");
    expect([status, stderr]).toEqual([2, "rxbpf: --json and --csv exclude each other\n"]);
  });
});

describe("--json", () => {
  test("writes opens with exactly the keys of their schema", async () => {
    const { status, stdout } = await rxbpf("opensnoop", "--json", "--exec", "cat", "/dev/null");
    expect(status).toBe(0);
    const events = objects(stdout);
    for (const event of events)
      expect(Object.keys(event)).toEqual(Object.keys(probes.opensnoop.outputs.events.schema.fields));
    expect(events).toContainEqual(expect.objectContaining({ comm: "cat", path: "/dev/null", ret: expect.any(Number) }));
  });

  test("writes execs with exactly the keys of theirs, hostile arguments too", async () => {
    const hostile = 'a "b"\n\u001b[2J\u202e';
    const name = uniqueName();
    const [command, ...args] = commandLine("execsnoop", "--json", "--line", name);
    const child = start(command, args);
    // There is no heading that says when it is attached.
    const asking = setInterval(() => void run("true", [name, hostile]), 100);
    try {
      const line = await child.line();
      expect(line).not.toMatch(/\p{C}/u);
      const [event] = objects(line);
      expect(Object.keys(event!)).toEqual(Object.keys(probes.execsnoop.outputs.events.schema.fields));
      expect(event).toMatchObject({ comm: "true", ret: 0, args: ["true", name, hostile], truncated: false });
    } finally {
      clearInterval(asking);
    }
    child.kill("SIGINT");
    for await (const line of child.lines()) objects(line);
    await child.ended();
  });
});

test("--duration ends a run in which nothing happens", async () => {
  const before = performance.now();
  expect(await rxbpf("opensnoop", "-d", "1", "--uid", "4000000000")).toMatchObject({
    status: 0,
    stdout: "PID    COMM               FD ERR PATH\n",
    stderr: "",
  });
  expect(performance.now() - before).toBeGreaterThanOrEqual(1000);
});

describe("opensnoop --exec", () => {
  const file = (name: string): string => {
    const made = path.join(folder, name);
    writeFileSync(made, `of ${name}\n`);
    return made;
  };

  test("shows what the command opens from its first instruction on, and ends with it", async () => {
    const read = file("read");
    const { status, stdout, stderr } = await rxbpf("opensnoop", "--exec", "cat", read);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.split("\n");
    expect(lines.indexOf("of read")).toBeGreaterThanOrEqual(0);
    const events = lines.filter((line) => / cat  /.test(line));
    expect(events[0]).toMatch(/\/etc\/ld\.so\.cache$/);
    expect(events.at(-1)).toMatch(new RegExp(`^\\d+ +cat +\\d+ +0 ${read}$`));
    expect(new Set(events.map((line) => line.split(" ")[0])).size).toBe(1);
  });

  test("shows that process alone, and not what others open, its children among them", async () => {
    const [own, childs] = [file("own"), file("child's")];
    const { stdout } = await rxbpf(
      "opensnoop",
      "--json",
      "--exec",
      "sh",
      "-c",
      `: < '${own}'; cat "${childs}" > /dev/null`,
    );
    const paths = objects(stdout).map(({ path }) => path);
    expect(paths).toContain(own);
    expect(paths).not.toContain(childs);
    expect(new Set(objects(stdout).map(({ pid }) => pid)).size).toBe(1);
  });

  test("leaves all that follows the command to it", async () => {
    const words = ["-x", "--json", "--help", "--version", "--", "--exec", "-p", "1"];
    const { status, stdout, stderr } = await rxbpf("opensnoop", "-x", "--exec", "printf", "<%s>\\n", ...words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.match(/^<.*>$/gm)).toEqual(words.map((word) => `<${word}>`));
    expect(stdout).toMatch(/^PID +COMM +FD ERR PATH$/m);
  });

  test("says how a command failed, which is no failure of the trace", async () => {
    expect(await rxbpf("opensnoop", "--exec", "sh", "-c", "exit 3")).toMatchObject({
      status: 0,
      stderr: "rxbpf: sh ended with status 3\n",
    });
    expect(await rxbpf("opensnoop", "--exec", "sh", "-c", "kill -9 $$")).toMatchObject({
      status: 0,
      stderr: "rxbpf: sh was ended by SIGKILL\n",
    });
    expect(await rxbpf("opensnoop", "--exec", "no-such-command")).toMatchObject({
      status: 127,
      stderr: "rxbpf: Cannot run no-such-command: no such file or directory\n",
    });
  });

  test("is refused with a process id beside it, before the command runs", async () => {
    const made = path.join(folder, "made");
    expect(await rxbpf("opensnoop", "-p", "1", "--exec", "touch", made)).toMatchObject({
      status: 2,
      stdout: "",
      stderr: "rxbpf: pid and exec exclude each other\n",
    });
    expect(() => readFileSync(made)).toThrow("ENOENT");
  });
});

test.each([
  ["0.3", 300],
  ["400ms", 400],
])("--duration takes fractions and units: %s", async (duration, least) => {
  const before = performance.now();
  expect(await rxbpf("opensnoop", "-d", duration, "--uid", "4000000000")).toMatchObject({ status: 0, stderr: "" });
  expect(performance.now() - before).toBeGreaterThanOrEqual(least);
});

test("times by their place have units too", async () => {
  const { status, stdout } = await rxbpf("runqlat", "-T", "200ms", "2");
  expect(status).toBe(0);
  expect(stdout.match(/^\d\d:\d\d:\d\d$/gm)).toHaveLength(2);
  expect(await rxbpf("offcputime", "-m", "10ms", "-f", "-p", String(process.pid), "0.1")).toMatchObject({ status: 0 });
  expect(await rxbpf("opensnoop", "--duration", "5 minutes")).toMatchObject({
    status: 2,
    stderr:
      'rxbpf: --duration takes a time from 0.001 to 2147483 seconds, or with a unit such as 500ms or 2m, not "5 minutes"\n',
  });
});
