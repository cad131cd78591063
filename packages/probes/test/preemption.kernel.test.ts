// Kernels since 7.0 take other programs, bpf/include/preemption.bpf.h says why. All kernels can run those: here beside the others.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";

import { EventStream } from "@rxbpf/core";
import { type Constant, ring, type RunOptions, sourceOf } from "@rxbpf/core/bpf";
import { execsnoop, exitsnoop, killsnoop, opensnoop, tcpaccept, tcpconnect, tcplife, tcptracer } from "@rxbpf/probes";
import { beforeAll, expect, test } from "vitest";

import { actors } from "../../../testing/actor.js";
import { compile, run, temporaryFolder } from "../../../testing/programs.js";
import { record } from "../../../testing/recording.js";
import { join, listen } from "./support/sessions.js";

/** A user whom nobody else is: its processes make the events. */
const UID = 1_879_000_000 + process.pid;
const folder = temporaryFolder();

interface Event {
  readonly time: number;
  readonly ageUs?: number;
}

/** A probe's events, by the programs for kernels that preempt them at tracepoints, or by the others. */
function streamOf(
  { definition: { name, variants }, outputs }: typeof opensnoop,
  values: object,
  constants: Readonly<Record<string, Constant>>,
  preemptible: boolean,
): EventStream<Event> {
  const { schema } = outputs.events;
  const spec = {
    name,
    bytes: () => readFileSync(new URL(`../bpf/${name}.bpf.o`, import.meta.url)),
    variants: variants(values as never),
  };
  const prepare = (): RunOptions => ({
    constants: { ...constants, uids_count: 1, only_uids: Uint32Array.of(UID) },
    preemptible,
  });
  return new EventStream({ name, schema, columns: () => [] }, sourceOf(spec, ring("events", schema), prepare));
}

const AS_USER = ["setpriv", "--reuid", String(UID), "--clear-groups"];
const startActor = actors();
let programs: readonly string[];

beforeAll(() => {
  chmodSync(folder, 0o777);
  programs = ["programs/sandbox.c", "opensnoop/programs/uring.c"].map((file) =>
    compile(new URL(file, import.meta.url), folder),
  );
  writeFileSync(`${folder}/made`, "");
  writeFileSync(`${folder}/script`, "#!/bin/sh -e\nkill -0 $$\nexit 3\n", { mode: 0o755 });
});

/** Opens, execs, signals and exits, in all ways that the programs tell apart. */
async function runPrograms(): Promise<void> {
  const [sandbox, uring] = programs;
  const ways = ["trap", "errno", "notify", "alarm", "restart"];
  const lines = [
    ...ways.map((way) => `${sandbox} ${way} openat ${folder}/made`),
    ...ways.map((way) => `${sandbox} ${way} execve`),
    ...["kinds", "many", "silent"].map((what) => `${uring} ${what} ${folder}`),
    `cd ${folder}; cat none; ./script one 'two three'; ./script; ./none; kill -0 1; true`,
  ];
  await run(AS_USER[0]!, [...AS_USER.slice(1), "sh", "-c", lines.join("; ")]);
}

/** Connections, accepted by a call and by io_uring, and closed, or left to the end of their process. */
async function connect(): Promise<void> {
  const [client, server] = [startActor(...AS_USER), startActor(...AS_USER)];
  const { clientFd, serverFd } = await join(client, server, "127.0.0.1");
  await client.call("close", clientFd);
  await server.call("close", serverFd);
  const { listener, port } = await listen(server, 4, "127.0.0.1");
  await server.call("ring", 0);
  await server.call("ring-accept", listener);
  await client.call("connect", await client.call("socket", 4), "127.0.0.1", port);
  await server.call("ring-next");
  await server.call("ring-multishot", listener);
  await client.call("connect", await client.call("socket", 4), "127.0.0.1", port);
  await server.call("ring-next");
  await client.exit();
  await server.exit();
}

/** In an order that does not depend on when a program ran. */
function comparable(events: readonly Event[]): readonly string[] {
  const told = events.map((event) => ({ ...event, time: 0, ageUs: 0, durationNs: 0 }));
  return told.map((event) => JSON.stringify(event)).sort();
}

test.each([
  ["opensnoop", opensnoop, {}, {}],
  ["opensnoop with full paths", opensnoop, {}, { full_path: true }],
  ["execsnoop", execsnoop, { fails: true }, {}],
  ["exitsnoop", exitsnoop, {}, {}],
  ["killsnoop", killsnoop, {}, {}],
  ["tcpaccept", tcpaccept, {}, {}],
  ["tcpconnect", tcpconnect, {}, {}],
  ["tcptracer", tcptracer, {}, {}],
  ["tcplife", tcplife, {}, {}],
] as const)("%s tells the same without preemption of its programs", async (_, probe, values, constants) => {
  const recordings = await Promise.all(
    [false, true].map((preemptible) => record(streamOf(probe as never, values, constants, preemptible))),
  );
  const [plain, steady] = recordings.map(({ statuses }) => statuses.find(({ type }) => type === "attached"));
  expect(steady).not.toEqual(plain);
  await runPrograms();
  await connect();
  const [usual, other] = await Promise.all(recordings.map((recording) => recording.finish()));
  expect(usual!.length).toBeGreaterThan(2);
  expect(comparable(other!)).toEqual(comparable(usual!));
  expect(recordings.map((recording) => recording.lost())).toEqual([0, 0]);
});
