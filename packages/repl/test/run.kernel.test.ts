import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { expect, onTestFinished, test } from "vitest";

import { holdings, inKernel } from "../../../testing/holdings.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { powerless } from "../../../testing/privileges.js";
import { type Child, run, start, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, runThrough, rxbpf } from "./cli.js";
import { scriptIn } from "./script.js";

const folder = temporaryFolder();
const script = (source: string, beside?: Readonly<Record<string, string>>): string => scriptIn(folder, source, beside);

/** Starts a script that says when its streams are attached, and waits for that. */
async function startScript(file: string): Promise<Child> {
  const [command, ...args] = commandLine("run", file);
  const child = start(command, args);
  expect(await child.line()).toBe("attached");
  return child;
}

const ATTACHED = `statuses.subscribe(({ type }) => type === "attached" && console.log("attached"));`;

test("a script gets the arguments after its name, as node would give them", async () => {
  const file = script("console.log(JSON.stringify(process.argv));");
  const { stdout, status } = await rxbpf("run", file, "a b", "--check", "-h", "--", "--", "-x");
  expect(JSON.parse(stdout)).toEqual([process.execPath, file, "a b", "--check", "-h", "--", "--", "-x"]);
  expect(status).toBe(0);
});

test("a script is TypeScript, as are the files that it imports by either of their names", async () => {
  const file = script(
    `import { Color } from "./color.js";
    import { twice } from "./lib/twice.ts";
    import { thrice } from "./lib/index.js";
    enum Size { Small, Large = "L" }
    namespace Old { export const one: number = 1; }
    class Point { constructor(readonly x: number) {} }
    const all: unknown[] = [Color.Green, Size.Large, Old.one, new Point(2).x, twice(3), thrice(3)];
    console.log(...all, await Promise.resolve<string>("awaited"));`,
    {
      "color.ts": "export enum Color { Red, Green }",
      "lib/twice.ts": "export const twice = (n: number): number => 2 * n;",
      // What somebody compiled once is not what is meant.
      "lib/index.js": "export const thrice = () => 'stale';",
      "lib/index.ts": "export { thrice } from './thrice.js';",
      "lib/thrice.ts": "export const thrice = (n: number): number => 3 * n;",
    },
  );
  expect(await rxbpf("run", "--check", file)).toMatchObject({ stdout: "1 L 1 2 6 9 awaited\n", stderr: "", status: 0 });
});

test("the packages are the command's own and fit each other, also where others lie beside the script", async () => {
  const decoy = {
    "package.json": '{"type":"module","exports":"./index.js"}',
    "index.js": "export const decoy = true;",
  };
  const file = script(
    `import { originOf, runs } from "@rxbpf/core/events";
    import { cgroupMounts } from "@rxbpf/filters";
    import { opensnoop } from "@rxbpf/probes";
    import { toJson } from "@rxbpf/sinks";
    import { map } from "rxjs";
    import { take } from "rxjs/operators";
    import { other } from "other";
    const opens = opensnoop({ duration: 1 });
    opens.pipe(take(1), toJson("/dev/null")).subscribe();
    console.log(originOf(opens.pipe(map(String))) === opens, runs().length, cgroupMounts().length > 0, other);`,
    {
      "node_modules/other/package.json": '{"type":"module","exports":"./index.js","types":"./index.d.ts"}',
      "node_modules/other/index.js": "export const other = 'other';",
      "node_modules/other/index.d.ts": "export const other: string;",
      ...Object.fromEntries(
        ["rxjs", "@rxbpf/core", "@rxbpf/probes"].flatMap((name) =>
          Object.entries(decoy).map(([at, text]) => [`node_modules/${name}/${at}`, text]),
        ),
      ),
    },
  );
  expect(await rxbpf("run", "--check", file)).toMatchObject({ stdout: "true 1 true other\n", stderr: "", status: 0 });
});

const wrong = (source: string) => `/* head */

interface Long {
  readonly line: string;
}
${source}`;

test.each([
  [
    "where it throws",
    `const f = (x?: any) => x.y;\nf();`,
    "script.ts:6:26: Cannot read properties of undefined (reading 'y')",
  ],
  [
    "in an operator",
    `import { map, of } from "rxjs";\nof(1).pipe(map(() => { throw new Error("no") })).subscribe();`,
    "script.ts:7:30: no",
  ],
  ["in a promise", `void Promise.reject(new Error("not\\nnow"));`, String.raw`script.ts:6:21: not\nnow`],
  [
    "for what a package throws",
    `import { opensnoop } from "@rxbpf/probes";\nopensnoop({ pid: -1 });`,
    "script.ts:7:1: pid takes a whole number from 1 to 4294967295, not -1",
  ],
  [
    "for a name that is not exported",
    `import { nosuch } from "@rxbpf/probes";\nnosuch();`,
    "script.ts:6: The requested module '@rxbpf/probes' does not provide an export named 'nosuch'",
  ],
  ["for what cannot be parsed", `const é: string = "🙂", x: = 3;`, "script.ts:6:28: Unexpected token"],
])("an error is told in one line, with its place %s", async (_what, source, message) => {
  const file = script(wrong(source));
  const { stdout, stderr, status } = await run("sh", [
    "-c",
    `cd "$1"; shift; exec "$@"`,
    "sh",
    path.dirname(file),
    ...commandLine("run", "script.ts"),
  ]);
  expect({ stdout, stderr, status }).toEqual({ stdout: "", stderr: `rxbpf: ${message}\n`, status: 1 });
});

test("what an error has no place for is told all the same; --stack shows all", async () => {
  const missing = script(`import "./nosuch.ts";`);
  const from = path.dirname(missing);
  expect(await rxbpf("run", missing)).toMatchObject({
    stderr: `rxbpf: Cannot find module '${from}/nosuch.ts' imported from ${missing}\n`,
    status: 1,
  });
  expect(await rxbpf("run", script(`throw "text";`))).toMatchObject({ stderr: "rxbpf: text\n", status: 1 });
  expect(await rxbpf("run", script("await new Promise(() => {});"))).toMatchObject({
    stderr: expect.stringMatching(/^rxbpf: .*script.ts awaits a promise that nothing can settle any more\n$/),
    status: 1,
  });
  const thrower = script(`interface A {\n  a: 1;\n}\nfunction f(): never {\n  throw new Error("deep");\n}\nf();`);
  const { stderr } = await rxbpf("run", "--stack", thrower);
  expect(stderr.split("\n").slice(1, 4)).toEqual([
    "Error: deep",
    `    at f (${thrower}:5:9)`,
    expect.stringContaining(`${thrower}:7:1`),
  ]);
});

test.each([
  ["nosuch.ts", "no such file or directory"],
  [folder, "it is not a file"],
])("the script %s cannot be run", async (file, state) => {
  expect(await rxbpf("run", file)).toMatchObject({ stderr: `rxbpf: Cannot run ${file}: ${state}\n`, status: 1 });
});

test("--check runs nothing if a type is wrong, and shows each error with its place and its line", async () => {
  const made = path.join(folder, uniqueName());
  const file = script(
    `import { writeFileSync } from "node:fs";
import { opensnoop } from "@rxbpf/probes";
import { helper } from "./helper.ts";
writeFileSync(${JSON.stringify(made)}, "");
opensnoop({ faild: true }).subscribe((open) => helper(open.pid));`,
    { "helper.ts": "export const helper = (text: string): string => text;\nlet unset: string;\nhelper(unset);\n" },
  );
  const { stdout, stderr, status } = await rxbpf("run", "--check", file);
  expect({ stdout, status }).toEqual({ stdout: "", status: 1 });
  expect(existsSync(made)).toBe(false);
  const line = "5 opensnoop({ faild: true }).subscribe((open) => helper(open.pid));";
  expect(stderr).toMatch(/script\.ts:5:13 - error TS2561: .*Did you mean to write 'failed'\?\n/);
  expect(stderr).toContain(`\n${line}\n${" ".repeat(14)}~~~~~\n`);
  expect(stderr).toMatch(/script\.ts:5:55 - error TS2345: Argument of type 'number' is not assignable/);
  expect(stderr).toMatch(/helper\.ts:3:8 - error TS2454: /);
  expect(stderr).not.toContain("\x1b");
  await rxbpf("run", file);
  expect(existsSync(made)).toBe(true);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s ends the streams of a script in good order, and the sinks have all; what else it waits for does not keep it",
  async (signal) => {
    const [opens, merged] = [uniqueName(), uniqueName()].map((name) => path.join(folder, name)) as [string, string];
    const child = await startScript(
      script(
        `import { statuses } from "@rxbpf/core";
        import { opensnoop } from "@rxbpf/probes";
        import { toArrow, toJson } from "@rxbpf/sinks";
        import { interval, merge } from "rxjs";
        ${ATTACHED}
        setInterval(() => {}, 10);
        const cats = opensnoop({ comm: "cat" });
        cats.pipe(toArrow(${JSON.stringify(opens)})).subscribe({ complete: () => console.log("recorded") });
        merge(cats, interval(5)).pipe(toJson(${JSON.stringify(merged)})).subscribe({ complete: () => console.log("written") });`,
      ),
    );
    expect(await child.line()).toBe("attached");
    const { objects } = holdings(child.pid);
    expect(objects.filter((object) => object.startsWith("link"))).toHaveLength(2 * 6);
    const paths = Array.from({ length: 500 }, (_, i) => `/tmp/${uniqueName()}-${i}`);
    await run("cat", paths);
    child.kill(signal);

    expect([await child.line(), await child.line()].sort()).toEqual(["recorded", "written"]);
    await child.ended();
    const { stdout } = await rxbpf("replay", opens, "--json");
    for (const written of [stdout, readFileSync(merged, "utf8")]) {
      expect(written.endsWith("\n")).toBe(true);
      const shown = new Set(
        written
          .trim()
          .split("\n")
          .map((line) => (JSON.parse(line) as { path?: string }).path),
      );
      expect(paths.filter((one) => !shown.has(one))).toEqual([]);
    }
    await expect.poll(() => inKernel(objects), { timeout: 5_000 }).toEqual([]);
  },
);

test("a loop deals with all that had happened, however long that takes", async () => {
  const child = await startScript(
    script(
      `import { setTimeout as delay } from "node:timers/promises";
      import { statuses } from "@rxbpf/core";
      import { opensnoop } from "@rxbpf/probes";
      ${ATTACHED}
      for await (const { path } of opensnoop({ comm: "cat" })) {
        await delay(10);
        console.log(path);
      }
      console.log("end");`,
    ),
  );
  const paths = Array.from({ length: 300 }, (_, i) => `/tmp/${uniqueName()}-${i}`);
  await run("cat", paths);
  child.kill("SIGINT");
  const lines: string[] = [];
  for await (const line of child.lines()) lines.push(line);
  expect(lines.filter((line) => paths.includes(line))).toEqual(paths);
  expect(lines.at(-1)).toBe("end");
  await child.ended();
});

test("what a script does after its streams is done before it ends", async () => {
  const child = await startScript(
    script(
      `import { setTimeout as delay } from "node:timers/promises";
      import { statuses } from "@rxbpf/core";
      import { opensnoop } from "@rxbpf/probes";
      import { lastValueFrom, repeat } from "rxjs";
      ${ATTACHED}
      await lastValueFrom(opensnoop(), { defaultValue: undefined });
      await delay(100);
      await lastValueFrom(opensnoop(), { defaultValue: undefined });
      await delay(100);
      opensnoop().pipe(repeat()).subscribe();
      console.log("x".repeat(1_000_000));
      process.exitCode = 7;`,
    ),
  );
  child.kill("SIGINT");
  // Those that it attaches meanwhile are ended too, or it goes on for ever.
  const lines: number[] = [];
  for await (const line of child.lines()) if (line !== "attached") lines.push(line.length);
  expect(lines).toEqual([1_000_000]);
  await expect(child.ended()).rejects.toThrow("ended with 7");
});

test("a second signal ends a script whose output is stalled", async () => {
  const file = script(
    `import { statuses } from "@rxbpf/core";
    import { opensnoop } from "@rxbpf/probes";
    import { toStdout } from "@rxbpf/sinks";
    import { repeat, of } from "rxjs";
    statuses.subscribe(({ type }) => type === "attached" && console.error("attached"));
    of("x".repeat(1000)).pipe(repeat(10_000), toStdout()).subscribe();
    opensnoop().subscribe();`,
  );
  const [command, ...args] = commandLine("run", file);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(String(await once(child.stderr, "data"))).toBe("attached\n");
  const links = (): string[] => holdings(child.pid!).objects.filter((object) => object.startsWith("link"));
  child.kill("SIGINT");
  await expect.poll(links, { timeout: 5_000 }).toEqual([]);
  expect(child.exitCode).toBeNull();
  const exited = once(child, "exit");
  child.kill("SIGINT");
  expect(await exited).toEqual([null, "SIGINT"]);
});

test("a stream's error that nobody handles is one line, and the other streams end in good order", async () => {
  const [into, wanted] = [path.join(folder, uniqueName()), `/tmp/${uniqueName()}`];
  const child = await startScript(
    script(
      `import { statuses } from "@rxbpf/core";
      import { opensnoop } from "@rxbpf/probes";
      import { toJson } from "@rxbpf/sinks";
      import { filter, tap } from "rxjs";
      ${ATTACHED}
      const cats = opensnoop({ comm: "cat" });
      cats.pipe(toJson(${JSON.stringify(into)})).subscribe();
      cats.pipe(filter(({ path }) => path === "${wanted}"), tap(() => { throw new Error("it came"); })).subscribe();`,
    ),
  );
  expect(await child.line()).toBe("attached");
  await run("cat", [wanted]);
  await expect(child.ended()).rejects.toThrow(/ended with 1: rxbpf: \S*script.ts:8:\d+: it came\n$/);
  expect(readFileSync(into, "utf8")).toContain(wanted);
});

test("a script that may not trace says what is missing", async () => {
  const file = script(`import { opensnoop } from "@rxbpf/probes";\nopensnoop().subscribe();`);
  const { stdout, stderr, status } = await runThrough(["setpriv", ...powerless()], "run", file);
  expect({ stdout, status }).toEqual({ stdout: "", status: 1 });
  expect(stderr).toMatch(/^rxbpf: \S*script.ts:2:13: Cannot load opensnoop: .* missing; run as root, or grant .*\n$/);
});

test("losses and notices are told, whatever the script does", async () => {
  const file = script(
    `import { spawnSync } from "node:child_process";
    import { opensnoop } from "@rxbpf/probes";
    const run = opensnoop({ comm: "cat", ringBytes: 4096 }).subscribe();
    // Nothing is read from the ring meanwhile.
    spawnSync("cat", Array.from({ length: 500 }, (_, i) => "/nosuch/" + i), { stdio: "ignore" });
    setTimeout(() => run.unsubscribe(), 1500);`,
  );
  const { stderr, status } = await rxbpf("run", file);
  expect(stderr).toMatch(/^rxbpf: lost events: \d+ \(ring full\); a larger ringBytes keeps more\n$/);
  expect(status).toBe(0);
});

test("a script whose reader has gone ends", async () => {
  const file = script(
    `import { opensnoop } from "@rxbpf/probes";
    opensnoop({ includeSelf: true }).subscribe(() => console.log("open"));
    setInterval(() => console.log("line"), 10);`,
  );
  const [command, ...args] = commandLine("run", file);
  const { stdout, stderr } = await run("bash", [
    "-c",
    `"$@" | head -1; echo "\${PIPESTATUS[0]}"`,
    "bash",
    command,
    ...args,
  ]);
  expect({ stdout: stdout.split("\n")[1], stderr }).toEqual({ stdout: "0", stderr: "" });
});

test("an executable file that begins with the command is a command itself", async () => {
  const bin = path.join(folder, uniqueName());
  mkdirSync(bin);
  symlinkSync(fileURLToPath(new URL("../bin/rxbpf.cjs", import.meta.url)), path.join(bin, "rxbpf"));
  const file = script(
    `#!/usr/bin/env -S rxbpf run\nconst [, , given]: string[] = process.argv;\nthrow new Error(given);\n`,
  );
  chmodSync(file, 0o755);
  const { stderr, status } = await run("env", [`PATH=${bin}:${process.env["PATH"]}`, file, "--option"]);
  expect({ stderr, status }).toEqual({ stderr: `rxbpf: ${file}:3:7: --option\n`, status: 1 });
});
