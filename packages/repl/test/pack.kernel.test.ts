import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, expect, test } from "vitest";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-pack-"));
const packs = path.join(folder, "packs");
// Nothing finds its files by a URL that was put together by hand.
const user = path.join(folder, "user #1 50%41");

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

beforeAll(() => {
  for (const made of [packs, user]) mkdirSync(made);
  writeFileSync(path.join(user, "package.json"), JSON.stringify({ private: true, type: "module" }));
  run(repository, "npm", "pack", "--workspaces", "--pack-destination", packs);
  const tarballs = readdirSync(packs).map((name) => path.join(packs, name));
  run(user, "npm", "install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every package is packed with its build, sources, licence and description", () => {
  for (const name of ["core", "filters", "probes", "sinks", "repl"]) {
    const listed = run(packs, "tar", "--list", "--file", `rxbpf-${name}-0.1.0.tgz`).split("\n");
    const bin = name === "repl" ? ["bin/rxbpf.cjs", "dist/bundle/main.cjs", "dist/bundle/LICENSES.txt"] : [];

    expect(listed).toEqual(
      expect.arrayContaining(
        ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts", "src/index.ts", ...bin].map(
          (file) => `package/${file}`,
        ),
      ),
    );
    expect(listed.filter((file) => /\/test\/|tsbuildinfo/.test(file))).toEqual([]);
  }
  expect(run(packs, "tar", "--list", "--file", "rxbpf-probes-0.1.0.tgz")).toContain("package/bpf/opensnoop.bpf.o\n");
});

test("a strict TypeScript program compiles against the installed packages and traces an open without clang", () => {
  writeFileSync(path.join(user, "trace.ts"), script);
  const types = ["--typeRoots", path.join(repository, "node_modules/@types"), "--types", "node"];
  const options = ["--strict", "--exactOptionalPropertyTypes", "--module", "nodenext", "--target", "es2022"];
  run(user, path.join(repository, "node_modules/.bin/tsc"), ...options, ...types, "trace.ts");

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
