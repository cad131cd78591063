import path from "node:path";

import { describe, expect, test } from "vitest";

import { uniqueName } from "../../../testing/kernel-objects.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { startShell } from "../../../testing/shell.js";
import { rxbpf, startProbe } from "./cli.js";

const folder = temporaryFolder();

describe("--where", () => {
  test("narrows a probe, a recording, and its replay", async () => {
    const [one, other] = [uniqueName(), uniqueName()];
    const probe = await startProbe(
      "opensnoop",
      "--where",
      `e.ret < 0 && e.comm === "cat" && e.path.includes("${one}")`,
    );
    const shell = await startShell();
    await shell.run(`cat /${one}; head /${one}; cat /${other}; cat /etc/hostname`);
    expect(await probe.line()).toMatch(new RegExp(`cat .* /${one}$`));
    probe.kill("SIGINT");
    await probe.ended().catch(() => {});

    const file = path.join(folder, "opens.arrow");
    const condition = `e.path === "/${one}" || e.path === "/${other}"`;
    const recording = await rxbpf(
      "record",
      "opensnoop",
      "-o",
      file,
      "--where",
      condition,
      "--",
      "sh",
      "-c",
      `cat /${one} /${other} /etc/hostname`,
    );
    expect(recording).toMatchObject({ status: 1 });
    const replayed = await rxbpf("replay", file, "--csv");
    expect(replayed.stdout.match(new RegExp(`/${one}|/${other}`, "g"))).toEqual([`/${one}`, `/${other}`]);
    expect(replayed.stdout).not.toContain("/etc/hostname");
    const narrowed = await rxbpf("replay", file, "--csv", "--where", `e.path === "/${other}" && e.args === undefined`);
    expect(narrowed).toMatchObject({ status: 2 });
    const right = await rxbpf("replay", file, "--csv", "--where", `e.path.endsWith("${other}")`);
    expect(right.stdout.match(new RegExp(`/${one}|/${other}`, "g"))).toEqual([`/${other}`]);
  });

  test.each([
    [
      "a field that events do not have",
      ["opensnoop"],
      "e.rett < 0",
      "--where, column 1: opensnoop's event has no rett; did you mean ret?",
    ],
    [
      "no expression",
      ["opensnoop"],
      "e.ret <",
      "--where takes an expression on the event e, such as 'e.ret < 0', not \"e.ret <\"",
    ],
    [
      "statements",
      ["opensnoop"],
      "1); process.exit(7",
      "--where takes an expression on the event e, such as 'e.ret < 0', not \"1); process.exit(7\"",
    ],
    ["a name that there is not", ["opensnoop"], "ret < 0", "--where, column 1: there is no ret; the event is e"],
    [
      "a probe that only counts",
      ["runqlat"],
      "e.pid === 1",
      "runqlat counts in the kernel and has no events for --where to test; narrow it by its flags",
    ],
    [
      "an output that other flags choose",
      ["tcpconnect", "--count"],
      "e.ip === 4 &&\n e.pidd === 1",
      "--where, line 2, column 2: tcpconnect's event has no pidd; did you mean pid?",
    ],
    [
      "a recording of several",
      ["record", "opensnoop", "execsnoop", "-o", path.join(folder, "several")],
      "e.path === 'x'",
      "--where, column 1: execsnoop's event has no path",
    ],
  ])("refuses %s", async (_, command, expression, message) => {
    const { status, stderr } = await rxbpf(...command, "--where", expression);
    expect({ status, stderr }).toEqual({ status: 2, stderr: `rxbpf: ${message}\n` });
  });

  test("says what is left to JavaScript", async () => {
    const { stderr } = await rxbpf("opensnoop", "--duration", "0.2", "--where", "e.ret < 0 && /never/.test(e.path)");
    expect(stderr).toBe(
      "rxbpf: where: JavaScript decides /never/.test(e.path): the kernel has no regular expressions; use ===, startsWith, endsWith or includes\n",
    );
  });
});
