import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";

import { readRecording, recover } from "@rxbpf/sinks";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { run, start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf } from "./cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

const TAKEN = "it exists already; give another path, or replace it with --force (in a script: force: true)\n";
const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** A recording that is whole. */
async function recorded(): Promise<{ path: string; bytes: Buffer }> {
  const path = `${folder}/${uniqueName()}.arrow`;
  expect(await rxbpf("record", "opensnoop", "-o", path, "--", "cat", "/etc/hostname")).toMatchObject({ status: 0 });
  return { path, bytes: readFileSync(path) };
}

/** Starts a recording and waits until there is a file. */
async function recording(path: string, ...flags: string[]) {
  const [command, ...args] = commandLine("record", "opensnoop", "-n", "cat", "-o", path, ...flags);
  const child = start(command, args);
  await expect.poll(() => size(path), { timeout: 10_000 }).toBeGreaterThan(0);
  return child;
}

test("a run that cannot start leaves the recording that is there, and none where none was", async () => {
  const { path, bytes } = await recorded();
  for (const [status, ...flags] of [
    [1, "--cgroupmap", folder],
    [127, "--", "no-such-command"],
  ] as const) {
    expect(await rxbpf("record", "opensnoop", "-o", path, "--force", ...flags)).toMatchObject({ status });
    expect(readFileSync(path)).toEqual(bytes);
    const directory = `${folder}/${uniqueName()}/deep`;
    const failed = await rxbpf("record", "opensnoop", "execsnoop", "-o", directory, ...flags);
    expect(failed).toMatchObject({ status });
    expect(failed.stderr).toMatch(/^rxbpf: Cannot [^\n]*\n$/);
    expect(existsSync(`${directory}/..`)).toBe(false);
  }
});

test("nothing is overwritten without --force", async () => {
  const { path, bytes } = await recorded();
  const refused = { status: 1, stdout: "", stderr: `rxbpf: Cannot write to ${path}: ${TAKEN}` };
  expect(await rxbpf("record", "opensnoop", "-o", path, "--", "true")).toEqual(expect.objectContaining(refused));
  expect(readFileSync(path)).toEqual(bytes);
  expect(await rxbpf("record", "opensnoop", "-o", path, "--force", "--", "true")).toMatchObject({ status: 0 });
  expect(readFileSync(path)).not.toEqual(bytes);

  for (const format of ["--json", "--csv", "--parquet"]) {
    const output = `${path}${format}`;
    writeFileSync(output, "before", { mode: 0o644 });
    expect(await rxbpf("export", path, format, "-o", output)).toMatchObject({
      status: 1,
      stderr: `rxbpf: Cannot write to ${output}: ${TAKEN}`,
    });
    expect(readFileSync(output, "utf8")).toBe("before");
    expect(await rxbpf("export", path, format, "-o", output, "--force")).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(output, "utf8")).not.toBe("before");
    expect(statSync(output).mode & 0o777).toBe(0o600);
  }
  expect(await rxbpf("export", path, "--json", "-o", path, "--force")).toMatchObject({ status: 2 });
});

test("a file that is written is left alone by all others, and free once its writer was killed", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const recorder = await recording(path);
  const busy = { status: 1, stdout: "", stderr: `rxbpf: Cannot write to ${path}: another process is writing to it\n` };
  expect(await rxbpf("record", "opensnoop", "-o", path, "--", "true")).toMatchObject({ status: 1 });
  expect(await rxbpf("record", "opensnoop", "-o", path, "--force", "--", "true")).toMatchObject(busy);
  expect(await rxbpf("recover", path)).toMatchObject(busy);
  const other = `/tmp/${uniqueName()}`;
  await run("cat", [other]);
  recorder.kill("SIGINT");
  await recorder.ended();
  const paths = [...readRecording(path).batches()].flatMap(({ length, row }) =>
    Array.from({ length }, (_, i) => row(i)["path"]),
  );
  expect(paths).toContain(other);
  expect(await recover(path)).toMatchObject({ finished: true });

  const killed = await recording(path.replace(".arrow", "-killed.arrow"));
  killed.kill("SIGKILL");
  await killed.ended().catch(() => {});
  expect(await rxbpf("recover", path.replace(".arrow", "-killed.arrow"))).toMatchObject({ status: 0 });
});

test("a command that is recorded does not keep the file's lock", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  const script = "sleep 30 >/dev/null 2>&1 & echo $!";
  const { status, stdout } = await rxbpf("record", "opensnoop", "-o", path, "--", "sh", "-c", script);
  try {
    expect(status).toBe(0);
    expect(await rxbpf("recover", path)).toMatchObject({ status: 0 });
  } finally {
    process.kill(Number(stdout), "SIGKILL");
  }
});

test("a service that is killed and started again stays within its files", async () => {
  const directory = `${folder}/${uniqueName()}`;
  mkdirSync(directory);
  const { path: foreign } = await recorded();
  copyFileSync(foreign, `${directory}/mine.arrow`);
  mkdirSync(`${directory}/opensnoop-20200101T000000Z-000001.arrow`);
  const others = ["mine.arrow", "opensnoop-20200101T000000Z-000001.arrow"];
  const files = (): string[] => readdirSync(directory).filter((name) => !others.includes(name));
  for (let round = 0; round < 3; round++) {
    const before = files();
    const flags = ["-o", `${directory}/`, "--rotate-bytes", "1", "--keep", "2", "-n", "cat"];
    const [command, ...args] = commandLine("record", "opensnoop", ...flags);
    const recorder = start(command, args);
    await expect.poll(() => files().some((name) => !before.includes(name)), { timeout: 10_000 }).toBe(true);
    await run("cat", [`/tmp/${uniqueName()}`]);
    await expect.poll(() => files().filter((name) => !before.includes(name)).length, { timeout: 10_000 }).toBe(2);
    await expect.poll(files, { timeout: 10_000 }).toHaveLength(2);
    recorder.kill("SIGKILL");
    await recorder.ended().catch(() => {});
    expect(files()).toHaveLength(2);
  }
  expect(readdirSync(directory)).toEqual(expect.arrayContaining(others));
});

test("--keep and --keep-bytes are refused where they mean nothing", async () => {
  const path = `${folder}/${uniqueName()}.arrow`;
  for (const flags of [
    ["--keep", "1"],
    ["--keep-bytes", "1000"],
    ["--rotate-bytes", "1000", "--keep-bytes", "1999"],
  ]) {
    const outcome = await rxbpf("record", "opensnoop", "-o", path, ...flags, "--", "true");
    expect(outcome).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/^rxbpf: --keep[^\n]*\n$/);
    expect(existsSync(path)).toBe(false);
  }
});
