import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync } from "node:fs";

import { DuckDBListValue } from "@duckdb/node-api";
import { execsnoop, opensnoop } from "@rxbpf/probes";
import { readRecording } from "@rxbpf/sinks";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { queryByDuckDb } from "../../../testing/duckdb.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf } from "./cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

test("several probes around a command: a file each, replayed as each would have shown it", async () => {
  const directory = `${folder}/${uniqueName()}`;
  const missing = `/tmp/${uniqueName()}`;
  const outcome = await rxbpf("record", "opensnoop", "execsnoop", "-o", directory, "--", "cat", missing);
  expect(outcome).toMatchObject({ status: 1, stdout: "" });
  // Where there is no terminal, what the command says, and at the end what was written where.
  const written = (probe: string): string =>
    `[1-9]\\d* events of ${probe} in ${directory}/${probe}\\.arrow \\(\\d+\\.\\d kB, 0 lost\\)`;
  expect(outcome.stderr).toMatch(
    new RegExp(
      `^cat: .*No such file or directory\nrxbpf: cat ended with status 1\nrxbpf: recorded ${written("opensnoop")}, ${written("execsnoop")}\n$`,
    ),
  );
  expect(readdirSync(directory)).toEqual(["execsnoop.arrow", "opensnoop.arrow"]);

  const opened = await rxbpf("replay", `${directory}/opensnoop.arrow`, "-x", "--name", "cat");
  const lines = opened.stdout.trimEnd().split("\n");
  expect(lines[0]).toBe("PID    COMM               FD ERR PATH");
  expect(lines.slice(1).every((line) => line.includes("cat"))).toBe(true);
  expect(lines.at(-1)).toMatch(new RegExp(`^\\d+ +cat +-1   2 `));
  expect(opened.stdout).toContain(missing);
  const executed = await rxbpf("replay", `${directory}/execsnoop.arrow`, "--json");
  expect(
    executed.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).args),
  ).toContainEqual(["cat", missing]);

  const both = await rxbpf("replay", directory, "--json");
  const events = both.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(new Set(events.map(({ probe }) => probe))).toEqual(new Set(["opensnoop", "execsnoop"]));
  const heads = events.filter(({ pid }) => pid === events.find(({ path }) => path === missing).pid);
  expect(heads[0].probe).toBe("execsnoop");
  // As a table: when, which probe, and the line that it would have shown.
  const table = (await rxbpf("replay", directory)).stdout.split("\n");
  expect(table[0]).toBe("TIME            PROBE     EVENT");
  const line = (text: string): string | undefined => table.find((one) => one.includes(text) && one.includes("cat"));
  expect(line(`opensnoop ${heads[0].pid}`)).toMatch(/^[\d:]{8}\.\d{6} opensnoop \d+ +cat +\d+ +0 \//);
  expect(line("execsnoop cat")).toMatch(/^[\d:]{8}\.\d{6} execsnoop cat +\d+ +\d+ +0 \S*cat \//);

  const csv = await rxbpf("export", `${directory}/execsnoop.arrow`, "--csv");
  expect(csv.stdout.split("\n")[0]).toBe(Object.keys(execsnoop.outputs.events.schema.fields).join(","));
  const parquet = `${directory}/execs.parquet`;
  expect(await rxbpf("export", `${directory}/execsnoop.arrow`, "--parquet", "-o", parquet)).toMatchObject({
    status: 0,
    stdout: "",
    stderr: "",
  });
  const { rows } = await queryByDuckDb(`SELECT args FROM '${parquet}'`);
  expect(rows).toContainEqual({ args: new DuckDBListValue(["cat", missing]) });
  const info = JSON.parse((await rxbpf("info", `${directory}/execsnoop.arrow`, "--json")).stdout);
  expect(info).toMatchObject({ probe: "execsnoop", state: "whole", lost: {} });
});

const FORMATS = "export takes one of --json, --csv, --parquet, --trace, --folded, --speedscope and --pprof";

test("an export is refused in one line where it is not clear what to write, or where", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  await rxbpf("record", "opensnoop", "-o", path, "--", "true");
  const before = readFileSync(path);
  for (const [flags, state] of [
    [[], FORMATS],
    [["--json", "--parquet"], FORMATS],
    [["--parquet", "-o", path], "--output takes a file other than the recording"],
  ] as const)
    expect(await rxbpf("export", path, ...flags)).toEqual(
      expect.objectContaining({ status: 2, stdout: "", stderr: `rxbpf: ${state}\n` }),
    );
  expect(readFileSync(path).equals(before)).toBe(true);
  const full = await rxbpf("export", path, "--parquet", "-o", "/dev/full");
  expect(full).toMatchObject({
    status: 1,
    stderr: "rxbpf: Cannot write to /dev/full: no space left on device; free some space, or write elsewhere\n",
  });
  for (const format of ["--json", "--csv"]) {
    const output = `${path}${format}`;
    expect(await rxbpf("export", path, format, "-o", output)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(output, "utf8")).toBe((await rxbpf("export", path, format)).stdout);
  }
});

test.each([
  ["SIGINT", []],
  ["SIGTERM", ["--compress"]],
] as const)("%s ends a recording in good order (flags: %j)", async (signal, flags) => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const [command, ...args] = commandLine("record", "opensnoop", "--name", "cat", "-o", path, ...flags);
  const child = start(command, args);
  await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.size ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);
  const paths = Array.from({ length: 300 }, (_, i) => `/tmp/${uniqueName()}-${i}`);
  await run("cat", paths);
  child.kill(signal);
  await child.ended();
  const batches = readRecording(path).batches();
  const found = new Set<unknown>();
  let next = batches.next();
  for (; !next.done; next = batches.next())
    for (let i = 0; i < next.value.length; i++) found.add(next.value.row(i)["path"]);
  expect(next.value).toMatchObject({ finished: true, dropped: 0 });
  expect(paths.filter((one) => !found.has(one))).toEqual([]);
});

test("a recording that rotates keeps the last files", async () => {
  const directory = `${folder}/${uniqueName()}`;
  mkdirSync(directory);
  const loop = "for i in $(seq 60); do cat /etc/hostname; sleep 0.1; done";
  const flags = ["-o", `${directory}/r.arrow`, "--rotate-seconds", "1", "--keep", "3"];
  expect(await rxbpf("record", "opensnoop", ...flags, "--", "sh", "-c", loop)).toMatchObject({
    status: 0,
    stderr: expect.stringContaining(`events of opensnoop in ${directory}/r-*.arrow (`),
  });
  const names = readdirSync(directory);
  expect(names).toHaveLength(3);
  for (const name of names) expect(readRecording(`${directory}/${name}`).info.probe).toBe("opensnoop");
  expect((await rxbpf("replay", directory)).stdout).toContain("/etc/hostname");
});

test("--duration ends it, a probe that cannot start is one line, and so are wrong flags", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  expect(await rxbpf("record", "opensnoop", "-o", path, "--duration", "1")).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^rxbpf: recorded [\d,]+ events of opensnoop in .*\n$/),
  });
  expect(readRecording(path).info.options).toEqual({ duration: 1 });
  const none = await rxbpf("record", "opensnoop", "-o", path, "--cgroupmap", folder);
  expect(none).toMatchObject({ status: 1, stdout: "" });
  expect(none.stderr.trimEnd().split("\n")).toHaveLength(1);
  for (const wrong of [
    ["nosuch"],
    ["opensnoop"],
    [],
    ["opensnoop", "-o", path, "--nope"],
    ["opensnoop", "--keep", "1"],
  ]) {
    const outcome = await rxbpf("record", ...wrong);
    expect(outcome).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/^rxbpf: .*\n$/);
  }
});

test("how far it is stands on one line of a terminal, and the message of a failure below it", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const terminal = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await run("script", ["-qec", commandLine(...args).join(" "), "/dev/null"]);
    return stdout.split("\r\n").flatMap((line) => line.split("\r\x1b[K").filter((text) => text !== ""));
  };
  const command = ["sh", "-c", "'cat /etc/hostname >/dev/null; sleep 1.2'"];
  const lines = await terminal("record", "opensnoop", "execsnoop", "-o", `${path}/`, "--", ...command);
  expect(lines.length).toBeGreaterThan(2);
  const line = /^opensnoop execsnoop: ([\d,]+) events {2}[\d,]+\/s {2}\d+\.\d [kM]B {2}\d+ lost {2}0:0\d$/;
  const counts = lines.map((text) => Number(line.exec(text)?.[1]?.replaceAll(",", "")));
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(counts.at(-1)).toBeGreaterThan(3);

  const failed = await terminal("record", "opensnoop", "-o", "/dev/full", "--", "sleep", "1");
  expect(failed.at(-1)).toBe(
    "rxbpf: Cannot write to /dev/full: no space left on device; free some space, or write elsewhere",
  );
});

test("a command that cannot be run is one line; one that is still running when the time is up is left", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  expect(await rxbpf("record", "opensnoop", "-o", path, "--", "no-such-command")).toMatchObject({
    status: 127,
    stderr: "rxbpf: Cannot run no-such-command: no such file or directory\n",
  });
  const pidFile = `${path}.pid`;
  const script = `echo $$ > ${pidFile}; exec sleep 60 > /dev/null 2>&1`;
  const outcome = await rxbpf("record", "opensnoop", "-o", path, "--duration", "1", "--", "sh", "-c", script);
  const pid = Number(readFileSync(pidFile, "utf8"));
  try {
    expect(outcome).toMatchObject({ status: 0, stderr: expect.stringMatching(/^rxbpf: recorded .*\n$/) });
    expect(readFileSync(`/proc/${pid}/comm`, "utf8")).toBe("sleep\n");
  } finally {
    process.kill(pid, "SIGKILL");
  }
});

test("an export takes the flags of the probe, in every format, and exports what a replay shows", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const missing = Array.from({ length: 3 }, () => `/tmp/${uniqueName()}`);
  const line = `cat /etc/hostname ${missing.join(" ")} 2>&1`;
  await rxbpf("record", "opensnoop", "-o", path, "--", "sh", "-c", line);
  const flags = ["-x", "--name", "cat"];
  const pathsOf = (lines: string): string[] =>
    lines
      .trimEnd()
      .split("\n")
      .map((row) => JSON.parse(row).path as string);
  const expected = pathsOf((await rxbpf("replay", path, "--json", ...flags)).stdout);
  expect(expected).toEqual(expect.arrayContaining(missing));
  expect(expected).not.toContain("/etc/hostname");

  expect(pathsOf((await rxbpf("export", path, "--json", ...flags)).stdout)).toEqual(expected);
  // Flags may stand before the recording, too.
  const csv = (await rxbpf("export", "--csv", ...flags, path)).stdout.trimEnd().split("\n");
  const at = csv[0]!.split(",").indexOf("path");
  expect(csv.slice(1).map((row) => row.split(",")[at])).toEqual(expected);
  const parquet = `${path}.parquet`;
  expect(await rxbpf("export", path, "--parquet", "-o", parquet, ...flags)).toMatchObject({ status: 0, stderr: "" });
  const { rows } = await queryByDuckDb(`SELECT path FROM '${parquet}'`);
  expect(rows.map((row) => row["path"])).toEqual(expected);

  expect(await rxbpf("export", path, "--json", "--cgroupmap", "/x")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("unknown option '--cgroupmap'"),
  });
  expect(await rxbpf("export", path, "--json", "--processes", "-x")).toMatchObject({
    status: 2,
    stderr: "rxbpf: --processes takes no flags of the probe\n",
  });
});

test("info tells what is in each probe's files: events, span, losses, commands, columns", async () => {
  const directory = `${folder}/${uniqueName()}`;
  const name = `cat-${process.pid}`; // no other process is called so
  symlinkSync("/bin/cat", `${folder}/${name}`);
  const command = ["sh", "-c", `${folder}/${name} /etc/hostname; ${folder}/${name} /etc/hostname`];
  await rxbpf("record", "opensnoop", "execsnoop", "-o", `${directory}/`, "--rotate-bytes", "1", "--", ...command);
  const { stdout } = await rxbpf("info", directory, "--json");
  const [execs, opens] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(execs).toMatchObject({ probe: "execsnoop", state: "whole", lost: {} });
  expect(execs.commands).toMatchObject({ [name]: 2 });
  expect(opens).toMatchObject({ probe: "opensnoop", state: "whole", lost: {} });
  expect(opens.events).toBe((await rxbpf("export", directory, "--json")).stdout.match(/"probe":"opensnoop"/g)?.length);
  expect(opens.fields).toEqual(
    Object.entries(opensnoop.outputs.events.schema.fields).map(([name, { kind }]) => `${name}:${kind}`),
  );
  expect(Date.parse(opens.last)).toBeGreaterThan(Date.parse(opens.first));
  expect(Date.parse(opens.started)).toBeLessThanOrEqual(Date.parse(opens.first));

  const [part = ""] = readdirSync(directory);
  truncateSync(`${directory}/${part}`, statSync(`${directory}/${part}`).size - 1);
  const told = (await rxbpf("info", directory)).stdout;
  expect(told).toMatch(/^probe +execsnoop$/m);
  expect(told).toMatch(
    new RegExp(`^state +${directory}/${part} is not finished; its last \\d+ bytes are not a whole batch`, "m"),
  );
});

test("names in a recording cannot write to the terminal, nor can its name", async () => {
  const path = `${folder}/${uniqueName()}\x1b[2J.arrow`;
  const script = '$0 = "a\\e[31mb\\n"; open(F, qq(/tmp/\\e]0;x\\a));';
  await rxbpf("record", "opensnoop", "-o", path, "--", "perl", "-e", script);
  for (const args of [["info"], ["replay"], ["export", "--json"], ["export", "--json", "--processes"], ["recover"]]) {
    const [command = "", ...flags] = args;
    const { stdout, status } = await rxbpf(command, path, ...flags);
    expect(status).toBe(0);
    // oxlint-disable-next-line no-control-regex
    expect(stdout, command).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  }
});
