import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import { run, temporaryFolder } from "../../../testing/programs.js";
import { rxbpf } from "./cli.js";

const folder = temporaryFolder();
const recording = join(folder, "opens.arrow");
beforeAll(async () => {
  await rxbpf("record", "opensnoop", "-o", recording, "--", "true");
});

test.each([[[]], [["opensnoop"]], [["map", "add"]], [["record", "execsnoop"]], [["replay", recording]]])(
  "help %j is what --help says",
  async (words) => {
    const help = await rxbpf("help", ...words);
    expect(help).toMatchObject({ status: 0, stderr: "" });
    expect(help.stdout).toBe((await rxbpf(...words, "--help")).stdout);
  },
);

test("version is what --version says", async () => {
  const { stdout } = await rxbpf("--version");
  expect(await rxbpf("version")).toMatchObject({ status: 0, stdout });
});

describe("unknown words before --help are told as unknown", () => {
  test.each([
    [["nosuch"], "unknown command 'nosuch'"],
    [["map", "nosuch"], "unknown command 'nosuch'"],
    [["execsnoop", "nosuch"], "unknown word 'nosuch'"],
    [["opensnoop", "-x", "--nosuch"], "unknown option '--nosuch'"],
    [["list", "nosuch"], "unknown word 'nosuch'"],
    [["record", "nosuch"], 'There is no probe "nosuch"'],
    [["record", "opensnoop", "nosuch"], 'There is no probe "nosuch"'],
    [["record", "opensnoop", "--nosuch"], "unknown option '--nosuch'"],
    [["replay", recording, "--nosuch"], "unknown option '--nosuch'"],
  ])("%j", async (words, complaint) => {
    const refused = { status: 2, stdout: "", stderr: expect.stringContaining(complaint) };
    expect(await rxbpf(...words, "--help")).toMatchObject(refused);
    expect(await rxbpf("help", ...words)).toMatchObject(refused);
  });
});

test("help of what takes recordings tells the flags of the probe of one, and else of every probe", async () => {
  for (const command of ["replay", "export"]) {
    const of = (await rxbpf(command, recording, "--help")).stdout;
    expect(of).toMatch(/^Flags of opensnoop .*, which recorded it:$/m);
    expect(of).toMatch(/^ {2}-x, --failed +only opens that failed$/m);
    expect(of).not.toContain("--cgroupmap");
    const any = (await rxbpf(command, "--help")).stdout;
    expect(any).toMatch(/^ {2}opensnoop +--timestamp .*--failed/m);
    expect(any).not.toContain(`rxbpf ${command} FILE --help`);
  }
});

test("flags of several probes have one meaning each, in whatever order these are named", async () => {
  const flags = async (...probes: string[]): Promise<string[]> =>
    (await rxbpf("record", ...probes, "--help")).stdout.match(/^ {2}(-\w, )?--[\w-]+( <\w+>)?/gm)!.sort();
  const one = await flags("execsnoop", "opensnoop");
  expect(one).toEqual(await flags("opensnoop", "execsnoop"));
  // The name of a program for the one, that of a thread for the other.
  expect(one.filter((line) => line.includes("-name") || line.includes("--comm"))).toEqual([
    "  --comm <NAME>",
    "  --name <REGEX>",
  ]);
});

describe("the manual page", () => {
  test("is what man and mandoc take for one", async () => {
    const page = join(folder, "rxbpf.1");
    const { stdout, status } = await rxbpf("man");
    expect(status).toBe(0);
    writeFileSync(page, stdout);
    // It has no date: it is made of the definitions.
    const lint = await run("mandoc", ["-T", "lint", "-W", "warning", page]);
    expect(lint.stdout.split("\n").filter((line) => line !== "" && !line.includes("missing date"))).toEqual([]);
    const shown = await run("mandoc", ["-T", "utf8", page]);
    // oxlint-disable-next-line no-control-regex
    const text = shown.stdout.replaceAll(/.\x08/g, "");
    for (const title of ["NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "EXAMPLES"])
      expect(text).toMatch(`\n${title}\n`);
    expect(text).toMatch(/128\+N +signal N cut short/);
  });

  test("tells every command and flag", async () => {
    const { stdout } = await rxbpf("man");
    const text = stdout.replaceAll("\\-", "-");
    const [, commands] = (await rxbpf("--help")).stdout.split(/^(?:Commands|Exit status):$/m);
    for (const command of commands!.match(/^ {2}[a-z]\S*/gm)!)
      expect(text).toMatch(new RegExp(`^\\.SS ${command.trim()}\\b`, "m"));
    for (const line of (await rxbpf("opensnoop", "--help")).stdout.match(/^ {2}(?:-\w, )?--[\w-]+/gm)!)
      if (!line.includes("--help")) expect(text).toMatch(new RegExp(`^\\.B ${line.trim()}\\b`, "m"));
  });
});
