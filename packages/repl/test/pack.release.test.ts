import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { packageNames } from "../../../testing/packages.mjs";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-pack-"));
const packs = path.join(folder, "packs");
// Nothing finds its files by a URL that was put together by hand.
const user = path.join(folder, "user #1 50%41");
/** Where only what reads recordings is installed, and nothing optional. */
const reader = path.join(folder, "reader");
/** Where the command is, without what is optional. */
const bare = path.join(folder, "bare");
const PACKAGES = packageNames();

// What `npm test` tells its children about this repository is not for npm in another folder.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|node_options$)/i.test(name)));
const run = (cwd: string, command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

const script = `
import { spawn } from "node:child_process";
import { type OpenEvent, opensnoop } from "@rxbpf/probes";

const wanted = process.argv[2] ?? "";
// @ts-expect-error -- the options are typed
export const wrong = () => opensnoop({ failed: "yes" });

const opens = opensnoop({ comm: "cat" });
opens.status.subscribe(({ type }) => {
  if (type === "attached") spawn("cat", [wanted], { stdio: "ignore" });
});
const run = opens.subscribe((event: OpenEvent) => {
  // @ts-expect-error -- and so are the events
  const wrong: number = event.path;
  if (event.path !== wanted) return;
  console.log(JSON.stringify(event));
  run.unsubscribe();
});
`;

/** Installs packed packages in a folder of its own, whose program has an RxJS of its own. */
function install(place: string, packages: readonly string[], ...options: string[]): void {
  mkdirSync(place);
  const manifest = { private: true, type: "module", dependencies: { rxjs: "7.8.1" } };
  writeFileSync(path.join(place, "package.json"), JSON.stringify(manifest));
  const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", ...options];
  run(place, "npm", "install", ...flags, ...packages.map(tarball));
}

function tarball(name: string): string {
  return path.join(packs, `${name.replace("@", "").replace("/", "-")}-0.1.0.tgz`);
}

beforeAll(() => {
  mkdirSync(packs);
  run(repository, "npm", "pack", "--workspace", "packages", "--pack-destination", packs);
  install(user, Object.values(PACKAGES));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every package is packed with its build, sources, licence and description", () => {
  expect(
    readdirSync(packs)
      .map((name) => path.join(packs, name))
      .sort(),
  ).toEqual(Object.values(PACKAGES).map(tarball).sort());
  for (const name of Object.values(PACKAGES)) {
    const listed = run(packs, "tar", "--list", "--file", tarball(name)).split("\n");
    const bin = name === "rxbpf" ? ["bin/rxbpf.cjs", "dist/bundle/main.cjs", "dist/bundle/LICENSES.txt"] : [];

    expect(listed).toEqual(
      expect.arrayContaining(
        ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts", "src/index.ts", ...bin].map(
          (file) => `package/${file}`,
        ),
      ),
    );
    expect(listed.filter((file) => /\/test\/|tsbuildinfo/.test(file))).toEqual([]);
  }
  expect(run(packs, "tar", "--list", "--file", tarball("@rxbpf/probes"))).toContain("package/bpf/opensnoop.bpf.o\n");
});

test("a strict TypeScript program compiles against the installed packages and traces an open without clang", () => {
  writeFileSync(path.join(user, "trace.ts"), script);
  for (const name of ["rxbpf", "@rxbpf/sinks"])
    writeFileSync(path.join(user, `${path.basename(name)}.ts`), exampleOf(user, name));
  const types = ["--typeRoots", path.join(repository, "node_modules/@types"), "--types", "node"];
  const options = ["--strict", "--exactOptionalPropertyTypes", "--module", "nodenext", "--target", "es2022"];
  run(user, path.join(repository, "node_modules/.bin/tsc"), ...options, ...types, "trace.ts", "rxbpf.ts", "sinks.ts");

  const bin = path.join(user, "bin");
  mkdirSync(bin);
  symlinkSync("/bin/cat", path.join(bin, "cat"));
  const wanted = path.join(user, "package.json");
  const printed = execFileSync(process.execPath, ["trace.js", wanted], {
    cwd: user,
    env: { PATH: bin },
    encoding: "utf8",
    timeout: 20_000,
  });

  expect(JSON.parse(printed)).toMatchObject({ comm: "cat", path: wanted, ppid: expect.any(Number) });
});

test("the installed command checks and runs a script that lies where nothing is installed", () => {
  const elsewhere = path.join(folder, "elsewhere");
  mkdirSync(elsewhere);
  const wanted = path.join(elsewhere, "package.json");
  writeFileSync(wanted, "{}");
  writeFileSync(path.join(elsewhere, "trace.ts"), script);
  const printed = run(user, "npx", "rxbpf", "run", "--check", path.join(elsewhere, "trace.ts"), wanted);
  expect(JSON.parse(printed)).toMatchObject({ comm: "cat", path: wanted });

  writeFileSync(path.join(elsewhere, "wrong.ts"), script.replaceAll(/\/\/ @ts-expect-error.*/g, ""));
  expect(() => run(user, "npx", "rxbpf", "run", "--check", path.join(elsewhere, "wrong.ts"), wanted)).toThrow(
    /wrong\.ts:7:40 - error TS2322: [^]*wrong\.ts:15:9 - error TS2322: /,
  );
});

test("the installed command tells the version of its package", () => {
  expect(run(user, "npx", "rxbpf", "--version")).toBe("0.1.0\n");
});

test("installed from a clone, as the README says, the command is there for every folder", () => {
  const place = path.join(folder, "global");
  run(repository, "npm", "install", "--global", "--prefix", place, "./packages/repl");
  expect(run("/", path.join(place, "bin/rxbpf"), "--version")).toBe("0.1.0\n");
});

test("a program has one RxJS, its own, and everything from one import", () => {
  expect(copiesOf("rxjs", user)).toEqual(["node_modules/rxjs"]);
  const program = `
    import * as rxbpf from "rxbpf";
    import { countBy } from "@rxbpf/core";
    import { opensnoop } from "@rxbpf/probes";
    import { Observable } from "rxjs";
    const { scope } = await import("rxbpf/prompt");
    console.log(JSON.stringify([
      rxbpf.opensnoop === opensnoop, rxbpf.countBy === countBy, rxbpf.Observable === Observable,
      rxbpf.opensnoop() instanceof Observable,
      Object.keys(scope()).filter((name) => !(name in rxbpf)),
    ]));`;
  writeFileSync(path.join(user, "one.mjs"), program);
  expect(JSON.parse(run(user, process.execPath, "one.mjs"))).toEqual([true, true, true, true, ["default"]]);
});

describe("without koffi", () => {
  const recording = path.join(folder, "opens.arrow");
  const compressed = path.join(folder, "compressed.arrow");
  const wanted = path.join(folder, "recorded");

  beforeAll(() => {
    writeFileSync(wanted, "");
    for (const [file, ...flags] of [[recording], [compressed, "--compress"]] as const)
      run(user, "npx", "rxbpf", "record", "opensnoop", ...flags, "-o", file, "--", "cat", wanted);
    install(reader, ["@rxbpf/core", "@rxbpf/sinks"], "--omit=optional");
    install(bare, Object.values(PACKAGES), "--omit=optional");
  }, 120_000);

  test("what reads recordings replays and exports them", () => {
    expect(existsSync(path.join(reader, "node_modules/koffi"))).toBe(false);
    expect(copiesOf("rxjs", reader)).toEqual(["node_modules/rxjs"]);
    const program = `
      import { exportParquet, replay, toCsv, toJson } from "@rxbpf/sinks";
      import { filter, lastValueFrom, toArray } from "rxjs";
      const [, , from, to] = process.argv;
      const all = () => replay(from).pipe(filter(({ comm }) => comm === "cat"));
      await lastValueFrom(all().pipe(toJson(to + ".json")));
      await lastValueFrom(replay(from).pipe(toCsv(to + ".csv")));
      await exportParquet(from, to + ".parquet");
      console.log(JSON.stringify(await lastValueFrom(all().pipe(toArray()))));`;
    writeFileSync(path.join(reader, "read.mjs"), program);
    const events = JSON.parse(run(reader, process.execPath, "read.mjs", recording, "out")) as { path: string }[];
    expect(events.filter((event) => event.path === wanted)).toMatchObject([{ comm: "cat", ret: expect.any(Number) }]);
    const lines = readFileSync(path.join(reader, "out.json"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(events);
    expect(readFileSync(path.join(reader, "out.csv"), "utf8")).toContain(`,${wanted},`);
    const parquet = readFileSync(path.join(reader, "out.parquet"), "latin1");
    expect([parquet.slice(0, 4), parquet.slice(-4)]).toEqual(["PAR1", "PAR1"]);

    // The README's example is one that ends by itself.
    writeFileSync(path.join(reader, "example.mjs"), exampleOf(reader, "@rxbpf/sinks"));
    copyFileSync(recording, path.join(reader, "opens.arrow"));
    run(reader, process.execPath, "example.mjs");
    expect(readFileSync(path.join(reader, "opens.csv"), "utf8")).toContain(`,${wanted},`);

    // Zstandard is Node's own then, where it has it.
    const read = (): string => run(reader, process.execPath, "read.mjs", compressed, "compressed");
    if ("zstdDecompressSync" in zlib) expect(read()).toContain(wanted);
    else expect(read).toThrow(/^Error: Cannot use Zstandard: koffi is not installed, .* Node 22\.15 or later/m);
  });

  test("it is installed on other systems too", { timeout: 60_000 }, () => {
    const other = path.join(folder, "other");
    install(other, ["@rxbpf/core", "@rxbpf/sinks"], "--os=darwin", "--cpu=arm64", "--omit=optional");
    // What Linux alone has is not used there.
    const darwin = "Object.defineProperty(process, 'platform', { value: 'darwin' });";
    writeFileSync(path.join(other, "darwin.mjs"), darwin);
    const program = `
      import { replay, toJson } from "@rxbpf/sinks";
      import { lastValueFrom } from "rxjs";
      const [, , from, to] = process.argv;
      await lastValueFrom(replay(from).pipe(toJson(to)));`;
    writeFileSync(path.join(other, "read.mjs"), program);
    run(other, process.execPath, "--import", "./darwin.mjs", "read.mjs", recording, "out.json");
    expect(readFileSync(path.join(other, "out.json"), "utf8")).toContain(wanted);
    expect(() => run(other, process.execPath, "--import", "./darwin.mjs", "read.mjs", recording, "out.json")).toThrow(
      /Cannot write to out\.json: it exists already/,
    );
  });

  test("the command replays; where it needs the kernel it says what is missing", () => {
    expect(run(bare, "npx", "rxbpf", "replay", recording, "--name", "cat")).toContain(` ${wanted}\n`);
    expect(run(bare, "npx", "rxbpf", "export", "--json", recording)).toContain(wanted);
    expect(run(bare, "npx", "rxbpf", "info", recording)).toMatch(/^probe +opensnoop$/m);
    const { status, stdout, stderr } = spawnSync("npx", ["rxbpf", "opensnoop"], { cwd: bare, env, encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: "",
      stderr:
        "rxbpf: Cannot load the npm package koffi, which calls the kernel: it is not installed; run: npm install koffi\n",
    });
  });
});

/** Where a package is installed below a folder. */
function copiesOf(name: string, place: string): string[] {
  const listed = run(place, "npm", "ls", name, "--all", "--parseable").trim().split("\n");
  return [...new Set(listed)].map((found) => path.relative(place, found)).filter((found) => found.endsWith(name));
}

/** The program in the README of an installed package. */
function exampleOf(place: string, name: string): string {
  const [, program] = /^```ts\n([^]*?)^```$/m.exec(
    readFileSync(path.join(place, "node_modules", name, "README.md"), "utf8"),
  )!;
  return program!;
}
