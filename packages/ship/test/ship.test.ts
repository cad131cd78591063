import { readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";

import { EventStream, type Lost, Table } from "@rxbpf/core";
import { schema, time, u32 } from "@rxbpf/core/events";
import { toArrow } from "@rxbpf/sinks";
import { Refused, replay, replayNats, shipRecordings } from "@rxbpf/ship";
import { jetstreamManager } from "@nats-io/jetstream";
import { firstValueFrom, lastValueFrom } from "rxjs";
import { expect, test } from "vitest";

import { freePort, NatsServer } from "../../../testing/nats.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { drain, record, recordings, rowsIn, rowsOf, samples, spoolIn, streamOf } from "./spools.js";

const folder = temporaryFolder();
const SUBJECT = `rxbpf.${hostname()}.sample`;

async function stateOf(server: NatsServer) {
  const nc = await server.connect();
  const { state } = await (await jetstreamManager(nc)).streams.info("rxbpf");
  await nc.close();
  return state;
}

test("batches arrive as they were recorded, with losses, and are replayed as the same rows", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  const stream = streamOf(
    samples(250),
    { type: "lost", time: 1_700_000_000_000.5, count: 7, total: 7, reason: "ring full" },
    samples(30, 250),
  );
  await lastValueFrom(stream.pipe(toArrow(`${spool}/r.arrow`, { batchRows: 100, compression: "zstd" })));
  const { shipped, told } = await drain(spool, server.url);
  expect({ shipped, told }).toEqual({
    shipped: { target: server.url, batches: 3, events: 280, lost: 0 },
    told: [],
  });
  expect([...(await server.messages()).keys()]).toEqual([SUBJECT]);

  const one = await replay<Record<string, unknown>>(`${server.url as "nats://x"}/sample?host=${hostname()}`);
  const losses: Lost[] = [];
  one.losses.subscribe((loss) => losses.push(loss));
  expect(await rowsOf(one)).toEqual(await rowsIn(spool));
  expect(losses).toMatchObject([{ count: 7, reason: "ring full" }]);
  expect(one.info).toMatchObject({ name: "sample", schema: { fields: { seq: { kind: "u32" } } } });
  // Of any host, each row says which.
  const all = await rowsOf(await replayNats(server.url));
  expect(all).toEqual((await rowsIn(spool)).map((row) => ({ host: hostname(), ...(row as object) })));
});

test("what was sent is not sent again, and what comes later is", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  await record(spool, 150);
  expect((await drain(spool, server.url)).shipped.events).toBe(150);
  await record(spool, 50, 150);
  expect((await drain(spool, server.url)).shipped.events).toBe(50);
  expect((await drain(spool, server.url)).shipped.events).toBe(0);
  // The position is lost: everything is sent again, and the server drops it.
  for (const name of readdirSync(spool)) if (name.endsWith(".json")) rmSync(`${spool}/${name}`);
  expect((await drain(spool, server.url)).shipped.events).toBe(200);
  expect((await stateOf(server)).messages).toBe(3);
  expect(await rowsOf(await replayNats(`${server.url}?host=${hostname()}`))).toEqual(await rowsIn(spool));
});

test("a recording that is being written is followed, and removed when it is finished and sent", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  const shipping = shipRecordings(spool, [server.url], { deleteSent: true });
  await record(spool, 1000, 0, { rotate: { bytes: 50_000 } });
  await expect.poll(() => recordings(spool)).toEqual([]);
  shipping.stop();
  expect(await shipping.done).toMatchObject([{ events: 1000, lost: 0 }]);
  const rows = (await rowsOf(await replayNats(server.url))) as { seq: number }[];
  expect(rows.map(({ seq }) => seq)).toEqual(samples(1000).map(({ seq }) => seq));
});

test("files that a quota removed before they were sent are a loss of exactly their events", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  await record(spool, 100);
  await drain(spool, server.url);
  await record(spool, 3000, 100, { rotate: { bytes: 50_000, keep: 3 } });
  const kept = ((await rowsIn(spool)) as object[]).length - 100;
  expect(kept).toBeLessThan(2000);
  const { shipped, told } = await drain(spool, server.url);
  expect(shipped).toMatchObject({ events: kept, lost: 3000 - kept });
  expect(told).toEqual([expect.stringMatching(`^${3000 - kept} events of sample before .* were removed`)]);
  const stream = await replayNats(server.url);
  const losses: Lost[] = [];
  stream.losses.subscribe((loss) => losses.push(loss));
  expect(await rowsOf(stream)).toHaveLength(100 + kept);
  expect(losses).toMatchObject([{ count: 3000 - kept, reason: "spool full" }]);
  expect((await drain(spool, server.url)).shipped).toMatchObject({ events: 0, lost: 0 });
});

test("a recording that a killed recorder left is sent as far as it goes", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  await record(spool, 500);
  truncateSync(`${spool}/r-0.arrow`, 200_000);
  writeFileSync(`${spool}/empty.arrow`, "");
  writeFileSync(`${spool}/other.arrow`, "no recording");
  const whole = (await rowsIn(`${spool}/r-0.arrow`)).length;
  const shipping = shipRecordings(spool, [server.url]);
  await expect.poll(async () => rowCount(server)).toBe(whole);
  shipping.stop();
  await shipping.done;
});

test("of a run whose machine stopped, the files after an unfinished one are sent too", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  await record(spool, 1000, 0, { rotate: { bytes: 50_000 } });
  const first = `${spool}/${recordings(spool).toSorted()[0]}`;
  // Without its end, and as if it had been written a while ago.
  truncateSync(first, statSync(first).size - 8);
  utimesSync(first, 0, 0);
  const { shipped, told } = await drain(spool, server.url, { deleteSent: true });
  expect(shipped).toMatchObject({ events: 1000, lost: 0 });
  expect(told).toEqual([expect.stringMatching(/ was not finished; \d+ bytes at its end are no whole batch$/)]);
  expect(recordings(spool)).toEqual([]);
});

test("what a server refuses is one line that says what to do, and nothing is lost", async () => {
  const spool = spoolIn(folder);
  await record(spool, 300);
  const failure = async (url: string, credentials?: string): Promise<Error> => {
    const failed = await drain(spool, url, { credentials }).catch((error: Error) => error);
    expect(failed).toBeInstanceOf(Error);
    return failed as Error;
  };
  const away = `nats://127.0.0.1:${await freePort()}`;
  expect((await failure(away)).message).toBe(`Cannot reach ${away}: connection refused`);

  const guarded = await NatsServer.start(folder, `authorization { user: "a", password: "b" }`);
  const refused = await failure(guarded.url);
  expect(refused).toBeInstanceOf(Refused);
  expect(refused.message).toBe(
    `Cannot use ${guarded.url}: it refused the credentials; set NATS_USER and NATS_PASSWORD, NATS_TOKEN, or NATS_CREDS`,
  );
  const credentials = `${folder}/credentials`;
  writeFileSync(credentials, "NATS_USER=a\nNATS_PASSWORD=b\n");
  expect((await drain(spool, guarded.url, { credentials })).shipped.events).toBe(300);

  const plain = await NatsServer.start(folder, "jetstream: disabled");
  expect((await failure(plain.url)).message).toBe(
    `Cannot send to ${plain.url}: JetStream is off there; start the server with it`,
  );
  expect((await failure(`${plain.url}?tls=on`)).message).toBe(
    `Cannot use ${plain.url}?tls=on: it does not offer TLS; turn TLS on there, or add ?tls=off`,
  );

  const small = await NatsServer.start(folder, "max_payload: 30000");
  expect((await failure(small.url)).message).toMatch(
    /^Cannot send to .*: a batch of sample has \d+ bytes and the server takes \d+; raise max_payload there, and record with a smaller --batch-bytes$/,
  );
});

test("a full stream takes the rest once it has room", async () => {
  const server = await NatsServer.start(folder);
  const nc = await server.connect();
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: "rxbpf", subjects: ["rxbpf.>"], discard: "new", max_msgs: 2 });
  const spool = spoolIn(folder);
  await record(spool, 500);
  const told: string[] = [];
  const shipping = shipRecordings(spool, [server.url], { tell: (message) => told.push(message) });
  shipping.drain();
  await expect
    .poll(() => told)
    .toEqual([
      `Cannot send to ${server.url}: its stream rxbpf is full; raise its limits or remove messages; trying again until it takes them`,
    ]);
  await jsm.streams.update("rxbpf", { max_msgs: -1 });
  expect(await shipping.done).toMatchObject([{ events: 500 }]);
  expect(told[1]).toBe(`${server.url} takes batches again`);
  await nc.close();
  expect(await rowCount(server)).toBe(500);
});

test("a stream that takes other subjects is not used", async () => {
  const server = await NatsServer.start(folder);
  const nc = await server.connect();
  await (await jetstreamManager(nc)).streams.add({ name: "rxbpf", subjects: ["other"] });
  await nc.close();
  const spool = spoolIn(folder);
  await record(spool, 1);
  await expect(drain(spool, server.url)).rejects.toThrow(
    /its stream rxbpf does not take the subjects rxbpf.>; add them/,
  );
  expect((await drain(spool, `${server.url}?stream=own`)).shipped.events).toBe(1);
  expect(await rowsOf(await replayNats(`${server.url}?stream=own`))).toHaveLength(1);
});

test("a directory is sent to one address by one process at a time", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  const first = shipRecordings(spool, [server.url]);
  await expect.poll(() => readdirSync(spool)).toEqual([expect.stringMatching(/\.lock$/)]);
  await expect(drain(spool, server.url)).rejects.toThrow(
    `Cannot ship ${spool}: another process sends it to ${server.url}; stop that one`,
  );
  first.stop();
  await first.done;
  await drain(spool, server.url);
  expect(() => shipRecordings(`${spool}/none`, [server.url])).toThrow(
    `Cannot ship ${spool}/none: there is no such directory`,
  );
});

test("a damaged position is said, and not taken for none", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  await record(spool, 10);
  await drain(spool, server.url);
  const [position] = readdirSync(spool).filter((name) => name.endsWith(".json"));
  writeFileSync(`${spool}/${position}`, "{");
  await expect(drain(spool, server.url)).rejects.toThrow(
    `Cannot read ${spool}/${position}: it is damaged; remove it to send everything again`,
  );
});

test("a server is followed live, and from a time", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  await record(spool, 100);
  await drain(spool, server.url);
  const from = new Date();
  const live = await replayNats<{ seq: number }>(server.url, { live: true });
  const seen: number[] = [];
  const attached = firstValueFrom(live.status);
  const subscription = live.subscribe(({ seq }) => seen.push(seq));
  await attached;
  await new Promise((resolve) => setTimeout(resolve, 200));
  await record(spool, 100, 100);
  await drain(spool, server.url);
  await expect.poll(() => seen.length).toBe(100);
  subscription.unsubscribe();
  expect(seen[0]).toBe(100);
  const later = (await rowsOf(await replayNats(server.url, { from }))) as { seq: number }[];
  expect(later.map(({ seq }) => seq)).toEqual(seen);
});

test("tables arrive as tables, and a host can be given another name", async () => {
  const server = await NatsServer.start(folder);
  const spool = spoolIn(folder);
  const fields = schema("count", { time: time("when"), n: u32("how many") });
  const tables = [1, 2, 3].map(
    (at) =>
      new Table(at * 1000, [
        { time: at * 1000, n: at },
        { time: at * 1000, n: 10 * at },
      ]),
  );
  const stream = EventStream.of(
    { name: "counter", output: "counts", tables: true, schema: fields, columns: () => [] },
    tables,
  );
  await lastValueFrom((stream as EventStream<unknown>).pipe(toArrow(`${spool}/t.arrow`, { batchRows: 3 })));
  await drain(spool, server.url, { host: "web.1" });
  expect([...(await server.messages()).keys()]).toEqual(["rxbpf.web_1.counter_counts"]);
  const replayed = (await rowsOf(await replayNats(server.url))) as Table<{ n: number; host: string }>[];
  expect(replayed.map(({ rows }) => rows.map(({ n, host }) => [n, host]))).toEqual([
    [
      [1, "web.1"],
      [10, "web.1"],
    ],
    [
      [2, "web.1"],
      [20, "web.1"],
    ],
    [
      [3, "web.1"],
      [30, "web.1"],
    ],
  ]);
});

/** How many events a server has. */
async function rowCount(server: NatsServer): Promise<number> {
  return (await rowsOf(await replayNats(server.url)).catch(() => [])).length;
}
