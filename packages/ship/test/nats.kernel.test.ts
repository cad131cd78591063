import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { tableFromIPC } from "../../../testing/flechette.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { NatsServer } from "../../../testing/nats.js";
import { numbers, run, temporaryFolder } from "../../../testing/programs.js";
import { commandLine } from "../../repl/test/cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

const HOSTS = ["alpha", "beta", "gamma"] as const;
const OPENS = 3000;
const SHIPPERS = fileURLToPath(new URL("shippers.mjs", import.meta.url));
const RUNS = 10;

interface Opened {
  readonly time: number;
  readonly path: string;
}

/** Opens as an independent reader finds them in an Arrow file or stream. */
function opensIn(bytes: Uint8Array): Opened[] {
  const table = tableFromIPC(bytes);
  const [times, paths] = [table.getChild("time")!.toArray(), table.getChild("path")!.toArray()];
  return Array.from({ length: table.numRows }, (_, i) => ({ time: Number(times[i]), path: paths[i] }));
}

/** What a host's recorder wrote, in order. */
function recorded(directory: string): Opened[] {
  const files = readdirSync(directory).filter((name) => name.endsWith(".arrow"));
  return files.toSorted().flatMap((name) => opensIn(readFileSync(`${directory}/${name}`)));
}

/** What a server has of each host, in order. */
async function arrived(server: NatsServer): Promise<Map<string, Opened[]>> {
  const messages = await server.messages();
  return new Map(
    HOSTS.map((host) => [host, (messages.get(`rxbpf.${host}.opensnoop`) ?? []).flatMap((one) => opensIn(one))]),
  );
}

/** Records, on a host of this name, opens that the recorder makes: some for each millisecond. */
function recordOn(host: string, directory: string, tag: string): Promise<{ status: number | null; stderr: string }> {
  const open = `for (1..${OPENS}) { open(F, "<", "/nonexistent/${tag}-$_"); select(undef, undef, undef, 0.001) }`;
  const words = ["record", "opensnoop", "-o", `${directory}/`, "--batch-bytes", "4096", "--rotate-bytes", "100000"];
  const recorder = commandLine(...words, "--", "perl", "-e", open);
  return run("unshare", ["--uts", "sh", "-c", `hostname ${host} && exec "$@"`, "sh", ...recorder]);
}

/** How often shippers and server are killed. */
const KILLS = 4;

/** Starts a program that says when it has begun, and kills it some random time later, several times. */
async function killing(random: (below: number) => number, command: string, args: readonly string[]): Promise<void> {
  for (let i = 0; i < KILLS; i++) {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    const exit = once(child, "exit");
    await Promise.race([once(child.stderr, "data"), exit]);
    await Promise.race([delay(random(500)), exit]);
    child.kill("SIGKILL");
    await exit;
  }
}

/** Kills a server after random times, and starts it again, several times. */
async function killingServer(random: (below: number) => number, server: NatsServer): Promise<void> {
  for (let i = 0; i < KILLS; i++) {
    await delay(100 + random(500));
    await server.kill();
    await delay(random(200));
    await server.resume();
  }
}

const spools = new Map<string, string>();

test("three hosts record and send while their shippers and the server are killed: all arrives, once, in order", async () => {
  const random = numbers(1);
  const server = await NatsServer.start(folder);
  const tag = uniqueName();
  const recorders = HOSTS.map((host) => {
    spools.set(host, `${folder}/${host}`);
    execFileSync("mkdir", [spools.get(host)!]);
    return recordOn(host, spools.get(host)!, tag);
  });
  const shippers = HOSTS.map((host) =>
    killing(random, process.execPath, [SHIPPERS, "follow", server.url, spools.get(host)!]),
  );
  await Promise.all([killingServer(random, server), ...shippers]);
  for (const { status, stderr } of await Promise.all(recorders))
    expect({ status, stderr }).toMatchObject({ status: 0 });
  for (const host of HOSTS) {
    const outcome = await run(...callOf(commandLine("ship", spools.get(host)!, "--to", server.url)));
    expect(outcome).toMatchObject({
      status: 0,
      stdout: "",
      stderr: expect.stringMatching(/^rxbpf: sent [\d,]+ events/),
    });
  }

  const found = await arrived(server);
  for (const host of HOSTS) {
    expect(found.get(host)).toEqual(recorded(spools.get(host)!));
    const own = found.get(host)!.flatMap(({ path }) => (path.includes(tag) ? [path] : []));
    expect(own).toEqual(Array.from({ length: OPENS }, (_, i) => `/nonexistent/${tag}-${i + 1}`));
  }
});

test(`${RUNS} times from the beginning, while shippers and server are killed: all arrives, once, in order`, async () => {
  const wanted = new Map(HOSTS.map((host) => [host, recorded(spools.get(host)!)]));
  const one = async (seed: number): Promise<void> => {
    const random = numbers(seed);
    const server = await NatsServer.start(folder);
    const copies = HOSTS.map((host) => copyOf(spools.get(host)!));
    await Promise.all([
      killingServer(random, server),
      killing(random, process.execPath, [SHIPPERS, "drain", server.url, ...copies]),
    ]);
    expect(await run(process.execPath, [SHIPPERS, "drain", server.url, ...copies])).toMatchObject({ status: 0 });
    expect(await arrived(server)).toEqual(wanted);
    await server.kill();
  };
  const seeds = Array.from({ length: RUNS }, (_, i) => 100 + i);
  const lane = async (): Promise<void> => {
    for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) await one(seed);
  };
  await Promise.all([lane(), lane(), lane()]);
});

/** The recordings of a spool without what was sent of them. */
function copyOf(spool: string): string {
  const copy = mkdtempSync(`${folder}/copy-`);
  cpSync(spool, copy, { recursive: true, filter: (name) => !name.includes("/.rxbpf-ship") });
  return copy;
}

function callOf([command, ...args]: readonly [string, ...string[]]): [string, string[]] {
  return [command, args];
}
