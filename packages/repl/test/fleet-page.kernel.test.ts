import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { NatsServer } from "../../../testing/nats.js";
import { type Outcome, run, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, rxbpf } from "./cli.js";

// The part of the page that needs no ClickHouse is followed here, block by block, as it stands there.
const page = readFileSync(fileURLToPath(new URL("../../../docs/fleet.md", import.meta.url)), "utf8");
const inLanguage = (wanted: string): string[] =>
  [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, language, text = ""]) =>
    language === wanted ? text : [],
  );
const [record = "", ship = "", replay = "", schema = ""] = inLanguage("sh");
const [script = ""] = inLanguage("ts");

const folder = temporaryFolder();
beforeAll(build, 60_000);

test("the page's commands record, send and replay on this machine", async () => {
  const server = await NatsServer.start(folder);
  const here = (text: string): string =>
    text.replaceAll("nats://nats.example.org", server.url).replaceAll("/var/spool/rxbpf", `${folder}/spool`);
  mkdirSync(`${folder}/bin`);
  const command = commandLine().map((word) => `'${word}'`);
  writeFileSync(`${folder}/bin/rxbpf`, `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`, { mode: 0o755 });
  const follow = (block: string): Promise<Outcome> =>
    run("timeout", ["40", "bash", "-ec", `PATH=${folder}/bin:$PATH; ${here(block)}`]);

  const missing = `/tmp/${uniqueName()}`;
  const recorded = await follow(`${record.trimEnd()} -- cat ${missing}`);
  expect(recorded.stderr).toMatch(new RegExp(`rxbpf: sent [\\d,]+ events in \\d+ batches to ${server.url}\n$`));
  expect(await follow(ship.replace("--follow", ""))).toMatchObject({
    status: 0,
    stderr: `rxbpf: sent 0 events in 0 batches to ${server.url}\n`,
  });
  const [opens = "", execs = ""] = replay.trimEnd().split("\n");
  const failed = await follow(opens);
  expect(failed).toMatchObject({ status: 0, stderr: "" });
  expect(failed.stdout.split("\n")[0]).toBe("PID    COMM               FD ERR PATH");
  expect(failed.stdout).toMatch(new RegExp(`^\\d+ +cat +-1   2 ${missing}$`, "m"));
  const executed = (await follow(execs)).stdout.trimEnd().split("\n");
  expect(executed.map((line) => JSON.parse(line).args)).toContainEqual(["cat", missing]);

  writeFileSync(`${folder}/fleet.ts`, here(script));
  const counted = await rxbpf("run", "--check", `${folder}/fleet.ts`);
  expect(counted).toMatchObject({ status: 0, stderr: "" });
  expect(counted.stdout).toMatch(/\S+ cat +\d+$/m);
  const tables = await follow(schema.replace("clickhouse-client --multiquery", "cat"));
  expect(tables.stdout.match(/^CREATE TABLE IF NOT EXISTS \w+/gm)).toEqual(
    ["opensnoop", "execsnoop", "losses"].map((name) => `CREATE TABLE IF NOT EXISTS ${name}`),
  );
});

test("wrong URLs and flags are refused, each in one line", async () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await rxbpf(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    return stderr;
  };
  mkdirSync(`${folder}/empty`);
  expect(await refused("ship", `${folder}/empty`)).toBe("rxbpf: ship takes one directory, and --to URL\n");
  expect(await refused("ship", `${folder}/empty`, "--to", "kafka://h")).toBe(
    "rxbpf: Cannot use the URL kafka://h: it takes clickhouse://HOST/DATABASE, https://HOST/DATABASE or nats://HOST\n",
  );
  expect(await refused("record", "opensnoop", "-o", "opens.arrow", "--ship", "nats://h")).toBe(
    "rxbpf: --ship needs --output DIRECTORY/, all of which is sent\n",
  );
  const secret = await refused("record", "opensnoop", "-o", "opens/", "--ship", "nats://user:secret@h");
  expect(secret).toMatch(/^rxbpf: Cannot use the URL nats:\/\/h: credentials in it would be seen by all users; /);
  expect(await refused("replay", "nats://h?x=1")).toMatch(
    /^rxbpf: Cannot use the URL nats:\/\/h\?x=1: after \? it takes /,
  );
});
