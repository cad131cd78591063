import { execFileSync } from "node:child_process";

import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import {
  copyOf,
  HOSTS,
  type Opened,
  opensIn,
  pathsOf,
  recorded,
  recordOn,
  sendAndKill,
  shipAll,
} from "../../../testing/fleet/hosts.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { NatsServer } from "../../../testing/nats.js";
import { numbers, temporaryFolder } from "../../../testing/programs.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

/** How often everything is sent from the beginning. */
const RUNS = Number(process.env["SHIPPING_RUNS"] ?? 10);
const SPOOLS = HOSTS.map((host) => `${folder}/${host}`);

/** What a server has of each host, in order. */
async function arrived(server: NatsServer): Promise<Opened[][]> {
  const messages = await server.messages();
  return HOSTS.map((host) => (messages.get(`rxbpf.${host}.opensnoop`) ?? []).flatMap((one) => opensIn(one)));
}

test("three hosts record and send while their shippers and the server are killed: all arrives, once, in order", async () => {
  const random = numbers(1);
  const server = await NatsServer.start(folder);
  const tag = uniqueName();
  execFileSync("mkdir", SPOOLS);
  const recorders = HOSTS.map((host, i) => recordOn(host, SPOOLS[i]!, tag));
  await sendAndKill(random, "follow", server, SPOOLS);
  for (const outcome of await Promise.all(recorders)) expect(outcome).toMatchObject({ status: 0 });
  expect(await shipAll(server.url, SPOOLS)).toMatchObject({ status: 0 });

  const found = await arrived(server);
  expect(found).toEqual(SPOOLS.map(recorded));
  for (const opens of found)
    expect(opens.flatMap(({ path }) => (path.includes(tag) ? [path] : []))).toEqual(pathsOf(tag));
});

test(
  `${RUNS} times from the beginning, while shippers and server are killed: all arrives, once, in order`,
  { timeout: 60_000 + 10_000 * RUNS },
  async () => {
    const wanted = SPOOLS.map(recorded);
    const one = async (seed: number): Promise<void> => {
      const random = numbers(seed);
      const server = await NatsServer.start(folder);
      const copies = SPOOLS.map(copyOf);
      await sendAndKill(random, "drain", server, copies);
      expect(await shipAll(server.url, copies)).toMatchObject({ status: 0 });
      expect(await arrived(server)).toEqual(wanted);
      await server.kill();
    };
    const seeds = Array.from({ length: RUNS }, (_, i) => 100 + i);
    const lane = async (): Promise<void> => {
      for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) await one(seed);
    };
    await Promise.all([lane(), lane(), lane()]);
  },
);
