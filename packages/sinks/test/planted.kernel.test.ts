import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";

import { exportParquet, readRecording, recover, toArrow, toCsv, toJson, toText } from "@rxbpf/sinks";
import { of } from "rxjs";
import { beforeEach, expect, test, vi } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { run } from "./conformance.js";
import { row, tap } from "./tap.js";

// Root writes to a directory where another user may write too. Nothing that this user plants leads root elsewhere.
const folder = temporaryFolder();
chmodSync(folder, 0o755);
const NOBODY = 65_534;
/** A file of root's that must stay as it is. */
const secret = `${folder}/secret`;
let directory: string;
let count = 0;
beforeEach(() => {
  writeFileSync(secret, "secret", { mode: 0o600 });
  directory = `${folder}/${++count}`;
  mkdirSync(directory);
  chownSync(directory, NOBODY, NOBODY);
});

function plantLink(path: string, to: string = secret): void {
  symlinkSync(to, path);
  lchownSync(path, NOBODY, NOBODY);
}

const sinks = {
  toText: (path: string, force?: boolean) => run(of(row(1)).pipe(toText(path, { force }))),
  toJson: (path: string, force?: boolean) => run(of(row(1)).pipe(toJson(path, { force }))),
  toCsv: (path: string, force?: boolean) => run(of(row(1)).pipe(toCsv(path, { force }))),
  toArrow: (path: string, force?: boolean) => run(of(row(1)).pipe(toArrow(path, { force }))),
  async exportParquet(path: string, force?: boolean) {
    const recording = `${folder}/${++count}.arrow`;
    await sinks.toArrow(recording);
    await exportParquet(recording, path, { force });
  },
};
const names = Object.keys(sinks) as (keyof typeof sinks)[];

test.each(names)("%s writes in another user's directory, to a file of its own", async (name) => {
  const path = `${directory}/out`;
  await sinks[name](path);
  const { uid, mode } = statSync(path);
  expect([uid, mode & 0o777]).toEqual([0, 0o600]);
});

test.each(names)("%s writes through no link that another user has planted", async (name) => {
  plantLink(`${directory}/out`);
  plantLink(`${directory}/none`, `${folder}/none`);
  plantLink(`${directory}/up`, folder);
  mkdirSync(`${folder}/deep${count}`);
  plantLink(`${directory}/deep`, `${folder}/deep${count}`);
  for (const force of [false, true]) {
    const state = (what: string): string => `: ${what} a link that user ${NOBODY} owns`;
    await expect(sinks[name](`${directory}/out`, force)).rejects.toThrow(`/out${state("it is")}`);
    await expect(sinks[name](`${directory}/none`, force)).rejects.toThrow(`/none${state("it is")}`);
    await expect(sinks[name](`${directory}/up/secret`, force)).rejects.toThrow(
      `${state("up is")}; give the path that it leads to`,
    );
    await expect(sinks[name](`${directory}/deep/out`, force)).rejects.toThrow(state("deep is"));
  }
  expect(readFileSync(secret, "utf8")).toBe("secret");
  expect(existsSync(`${folder}/none`)).toBe(false);
});

test.each(names)("%s replaces a hard link to root's file, and leaves that file alone", async (name) => {
  linkSync(secret, `${directory}/out`);
  await expect(sinks[name](`${directory}/out`)).rejects.toThrow("it exists already");
  await sinks[name](`${directory}/out`, true);
  expect(readFileSync(secret, "utf8")).toBe("secret");
  expect(statSync(`${directory}/out`).size).toBeGreaterThan(6);
});

test("root's own links to a directory are followed, and none to a file", async () => {
  symlinkSync(directory, `${folder}/mine${count}`);
  symlinkSync(secret, `${directory}/out`);
  await sinks.toJson(`${folder}/mine${count}/new`);
  expect(existsSync(`${directory}/new`)).toBe(true);
  await expect(sinks.toJson(`${directory}/out`, true)).rejects.toThrow("it is a link; give the path that it leads to");
  expect(readFileSync(secret, "utf8")).toBe("secret");
});

test("another user's pipe is not written to; a link of root's to a device is", async () => {
  execFileSync("mkfifo", ["-m", "666", `${directory}/pipe`]);
  chownSync(`${directory}/pipe`, NOBODY, NOBODY);
  await expect(sinks.toJson(`${directory}/pipe`)).rejects.toThrow(`it is a pipe that user ${NOBODY} owns`);
  symlinkSync("/dev/null", `${folder}/null`);
  await sinks.toJson(`${folder}/null`);
  execFileSync("mknod", [`${folder}/disk`, "b", "7", "200"]);
  await expect(sinks.toJson(`${folder}/disk`, true)).rejects.toThrow("it is not a file");
});

test("if the names of the next files are taken, other names are used", async () => {
  const now = new Date(1_800_000_000_000);
  vi.useFakeTimers({ now, toFake: ["Date"] });
  try {
    const name = (number: number): string => `${directory}/r-20270115T080000Z-${String(number).padStart(6, "0")}.arrow`;
    for (let i = 1; i < 50; i += 2) plantLink(name(i));
    mkdirSync(name(2));
    writeFileSync(name(4), "x");
    const rows = [row(1), row(2), row(3)];
    await run(of(...rows).pipe(toArrow(`${directory}/r.arrow`, { batchRows: 1, rotate: { bytes: 1, keep: 1 } })));
    expect(readFileSync(secret, "utf8")).toBe("secret");
    // Files that are no recordings stay, and the last of the recordings.
    const left = readdirSync(directory).filter((one) => lstatSync(`${directory}/${one}`).uid === 0);
    expect(left.map((one) => `${directory}/${one}`)).toEqual([name(2), name(4), name(12)]);
    expect(readFileSync(name(4), "utf8")).toBe("x");
    expect([...readRecording(name(12)).batches()].map((batch) => batch.row(0)["seq"])).toEqual([3]);
  } finally {
    vi.useRealTimers();
  }
});

test("a directory that is moved away during a recording keeps getting it, and what takes its place gets nothing", async () => {
  const elsewhere = `${folder}/root${count}`;
  mkdirSync(elsewhere);
  const { stream, emit, complete } = tap();
  const options = { batchRows: 1, rotate: { bytes: 1, keep: 2 } };
  const ended = run(stream.pipe(toArrow(`${directory}/r.arrow`, options)));
  emit(row(1));
  await vi.waitFor(() => expect(readdirSync(directory).length).toBeGreaterThan(0));
  renameSync(directory, `${directory}-moved`);
  plantLink(directory, elsewhere);
  for (let seq = 2; seq < 10; seq++) emit(row(seq));
  complete();
  await ended;
  expect(readlinkSync(directory)).toBe(elsewhere);
  expect(readdirSync(elsewhere)).toEqual([]);
  const kept = readdirSync(`${directory}-moved`).map((name) => `${directory}-moved/${name}`);
  expect(kept.flatMap((path) => [...readRecording(path).batches()].map((batch) => batch.row(0)["seq"]))).toEqual([
    8, 9,
  ]);
});

test("a recovery follows no link of another user's", async () => {
  const path = `${folder}/${count}.arrow`;
  await sinks.toArrow(path);
  const before = readFileSync(path);
  writeFileSync(path, before.subarray(0, -1));
  plantLink(`${directory}/r.arrow`, path);
  plantLink(`${directory}/up`, folder);
  await expect(recover(`${directory}/r.arrow`)).rejects.toThrow(`it is a link that user ${NOBODY} owns`);
  await expect(recover(`${directory}/up/${count}.arrow`)).rejects.toThrow(`up is a link that user ${NOBODY} owns`);
  expect(readFileSync(path)).toEqual(before.subarray(0, -1));
});

test("files have mode 0600, whatever the umask", async () => {
  for (const mask of [0, 0o777]) {
    const before = process.umask(mask);
    try {
      for (const name of names) {
        const path = `${directory}/${mask}-${name}`;
        await sinks[name](path);
        expect(statSync(path).mode & 0o777).toBe(0o600);
      }
    } finally {
      process.umask(before);
    }
  }
});
