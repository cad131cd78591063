import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";

import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { ClickHouseServer } from "../../../testing/fleet/clickhouse.js";
import {
  copyOf,
  HOSTS,
  pathsOf,
  recorded,
  recordOn,
  rxbpf,
  sendAndKill,
  shipAll,
} from "../../../testing/fleet/hosts.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { numbers, temporaryFolder } from "../../../testing/programs.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

const RUNS = Number(process.env["SHIPPING_RUNS"] ?? 3);
const SPOOLS = HOSTS.map((host) => `${folder}/${host}`);

/** Makes the tables that `rxbpf ship --schema` prints. */
async function makeTables(server: ClickHouseServer, ...probes: string[]): Promise<void> {
  const { stdout } = await rxbpf("ship", "--schema", ...probes);
  for (const statement of stdout.split(";\n")) if (statement.trim()) await server.query(statement);
}

interface Found {
  readonly host: string;
  readonly path: string;
  /** Unix nanoseconds. */
  readonly ns: string;
}

/** What a server has of each host. */
async function arrived(server: ClickHouseServer): Promise<{ time: number; path: string }[][]> {
  const rows = await server.query<Found>(
    "SELECT host, path, toString(toUnixTimestamp64Nano(time)) AS ns FROM opensnoop ORDER BY host, toFloat64(recording), batch, time",
  );
  const milliseconds = (ns: string): number => Number(BigInt(ns) / 1_000_000n) + Number(BigInt(ns) % 1_000_000n) / 1e6;
  return HOSTS.map((host) =>
    rows.flatMap((row) => (row.host === host ? [{ time: milliseconds(row.ns), path: row.path }] : [])),
  );
}

test("every probe has a table that ClickHouse makes", async () => {
  const server = await ClickHouseServer.start(folder);
  await makeTables(server);
  const tables = await server.query<{ name: string }>("SHOW TABLES");
  expect(tables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["losses", "opensnoop", "tcplife", "profile_samples"]),
  );
});

test("three hosts record and send while their shippers and the engine are killed: all arrives, once", async () => {
  const random = numbers(2);
  const server = await ClickHouseServer.start(folder);
  await makeTables(server, "opensnoop");
  const tag = uniqueName();
  execFileSync("mkdir", SPOOLS);
  const recorders = HOSTS.map((host, i) => recordOn(host, SPOOLS[i]!, tag));
  await sendAndKill(random, "follow", server, SPOOLS);
  for (const outcome of await Promise.all(recorders)) expect(outcome).toMatchObject({ status: 0 });
  expect(await shipAll(server.url, SPOOLS)).toMatchObject({ status: 0 });

  const found = await arrived(server);
  expect(found.map(({ length }) => length)).toEqual(SPOOLS.map((spool) => recorded(spool).length));
  expect(found.map(sorted)).toEqual(SPOOLS.map((spool) => sorted(recorded(spool))));
  for (const opens of found)
    expect(opens.flatMap(({ path }) => (path.includes(tag) ? [path] : [])).toSorted()).toEqual(pathsOf(tag).toSorted());
});

test(
  `${RUNS} times from the beginning, while shippers and engine are killed: all arrives, once`,
  { timeout: RUNS * 60_000 },
  async () => {
    const wanted = SPOOLS.map((spool) => sorted(recorded(spool)));
    for (let seed = 200; seed < 200 + RUNS; seed++) {
      const random = numbers(seed);
      const server = await ClickHouseServer.start(folder);
      await makeTables(server, "opensnoop");
      const copies = SPOOLS.map(copyOf);

      await sendAndKill(random, "drain", server, copies);

      expect(await shipAll(server.url, copies)).toMatchObject({ status: 0 });

      expect((await arrived(server)).map(sorted)).toEqual(wanted);
      await server.kill();
    }
  },
);

test("what ClickHouse does not take is one line that says what to do, and nothing is lost", async () => {
  const server = await ClickHouseServer.start(folder, "secret");
  const spool = copyOf(SPOOLS[0]!);
  const credentials = `${folder}/credentials`;
  writeFileSync(credentials, "CLICKHOUSE_PASSWORD=secret\n");
  const ship = (): ReturnType<typeof rxbpf> => rxbpf("ship", spool, "--to", server.url, "--credentials", credentials);
  const refusal = async (outcome: ReturnType<typeof rxbpf>): Promise<string> => {
    const { status, stdout, stderr } = await outcome;
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    return stderr.replace(server.url, "URL");
  };
  expect(await refusal(rxbpf("ship", spool, "--to", server.url))).toBe(
    "rxbpf: Cannot reach URL: it refused the credentials; set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD\n",
  );
  expect(await refusal(ship())).toBe(
    "rxbpf: Cannot send to URL: there is no table default.opensnoop; make it: rxbpf ship --schema opensnoop\n",
  );
  await makeTables(server, "opensnoop");
  await server.query("ALTER TABLE opensnoop DROP COLUMN ioUring");
  const lacks = await refusal(ship());
  expect(lacks).toMatch(
    /^rxbpf: Cannot send to URL: the table default.opensnoop lacks columns; run: ALTER TABLE .*\n$/,
  );
  await server.query(/run: (.*)\n/.exec(lacks)![1]!);
  await server.query("ALTER TABLE opensnoop MODIFY COLUMN ret Int64");
  expect(await refusal(ship())).toBe(
    "rxbpf: Cannot send to URL: in the table default.opensnoop the column ret is Int64, not Int32; rename that table, and make it: rxbpf ship --schema opensnoop\n",
  );
  await server.query("ALTER TABLE opensnoop MODIFY COLUMN ret Int32");
  expect(await ship()).toMatchObject({ status: 0, stderr: expect.stringMatching(/^rxbpf: sent /) });
  expect(await server.query("SELECT count() AS count FROM opensnoop")).toEqual([{ count: recorded(spool).length }]);
});

test("the page's questions have answers", async () => {
  const server = await ClickHouseServer.start(folder);
  const page = readFileSync(new URL("../../../docs/fleet.md", import.meta.url), "utf8");
  await makeTables(server, "opensnoop", "execsnoop");
  const spool = `${folder}/questions`;
  const missing = `/nonexistent/${uniqueName()}`;
  const words = ["record", "opensnoop", "execsnoop", "-o", `${spool}/`, "--ship", server.url];
  const recorded = await rxbpf(...words, "--", "perl", "-e", `open(F, "<", "${missing}")`);
  expect(recorded.stderr).toMatch(/rxbpf: sent [\d,]+ events in \d+ batches to /);
  const questions = [...page.matchAll(/^```sql\n([^]*?)^```$/gm)].map(([, question = ""]) => question);
  const [losses, runs, rare, misses, commands] = await Promise.all(
    questions.map((question) => server.query<Record<string, unknown>>(question)),
  );
  expect(losses).toEqual([]);
  expect(runs).toMatchObject([{ host: hostname(), runs: 1 }]);
  expect(rare).toMatchObject([{ file: expect.stringMatching(/perl/), host: hostname(), runs: 1 }]);
  expect(misses).toContainEqual({ path: missing, comm: "perl", hosts: 1, misses: 1 });
  expect(commands).toMatchObject([{ host: hostname(), command: expect.stringContaining(missing) }]);
});

function sorted(opens: readonly { readonly time: number; readonly path: string }[]): string[] {
  return opens.map(({ time, path }) => `${time.toFixed(3)} ${path}`).toSorted();
}
