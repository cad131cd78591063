import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { rxbpf } from "./cli.js";

const folder = temporaryFolder();
const SHARES = { seventy: 0.7, twenty: 0.2, ten: 0.1 };

test("Go's pprof shows the shares of the three functions in which a program spends its time", async () => {
  const source = fileURLToPath(new URL("../../probes/test/profile/programs/shares.c", import.meta.url));
  const flags = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-fno-inline"];
  execFileSync("cc", [...flags, "-o", `${folder}/shares`, source]);
  const [recording, path] = [`${folder}/profile.arrow`, `${folder}/profile.pb.gz`];
  const program = `sleep 3 | ${folder}/shares`;
  await rxbpf("record", "profile", "-F", "499", "-U", "-o", recording, "--", "sh", "-c", program);
  expect(await rxbpf("export", recording, "--pprof", "-o", path)).toMatchObject({ status: 0 });
  const go = (...args: string[]): string =>
    execFileSync("go", ["tool", "pprof", ...args, path], {
      encoding: "utf8",
      env: { ...process.env, HOME: folder, PPROF_TMPDIR: folder },
      stdio: ["ignore", "pipe", "ignore"],
    });
  const top = go("-top");
  for (const [name, share] of Object.entries(SHARES)) {
    const shown = new RegExp(`^ +\\d+ +([\\d.]+)% .* ${name}$`, "m").exec(top)?.[1];
    expect(Math.abs(Number(shown) / 100 - share), `${name}: ${shown}% in\n${top}`).toBeLessThan(0.04);
  }
  expect(go("-tags")).toMatch(/comm: Total .*\n.*shares/);
});
