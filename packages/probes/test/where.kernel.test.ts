import { EventStream, type Status } from "@rxbpf/core";
import { type ConnectEvent, execsnoop, type OpenEvent, opensnoop, runqlat, tcpconnect } from "@rxbpf/probes";
import { firstValueFrom, timer } from "rxjs";
import { describe, expect, onTestFinished, test } from "vitest";

import { actors } from "../../../testing/actor.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { makeNetwork } from "../../../testing/network.js";
import { record, type Recording } from "../../../testing/recording.js";
import { startShell } from "../../../testing/shell.js";
import { listen } from "./support/sessions.js";

const startActor = actors();
const network = makeNetwork();

/** The messages of a recording's notices on its conditions. */
function saidOf({ statuses }: Recording<unknown>): string[] {
  const notices = statuses.filter((status) => status.type === "notice");
  return notices.map(({ message }) => message).filter((message) => message.startsWith("where: "));
}

/** A directory of which each test opens files, and a file that ends what it waits for. */
const directory = `/${uniqueName()}`;

describe("a condition on opens", () => {
  test("is decided in the kernel: texts, numbers and what is captured", async () => {
    const shell = await startShell();
    const [limit, names] = [-2, ["cat", "head"]] as const;
    const wanted = (e: OpenEvent): boolean =>
      e.ret <= limit &&
      names.includes(e.comm as "cat") &&
      e.path.startsWith(`${directory}/`) &&
      !e.path.endsWith("/no");
    const [narrowed, all] = [await record(opensnoop().where(wanted)), await record(opensnoop())];
    for (const name of ["a", "no", "b"])
      await shell.run(`cat ${directory}/${name}; tail ${directory}/${name}; head /etc/hostname`);
    await shell.run(`head ${directory}/last`);
    const [shown, every] = [await narrowed.finish(), await all.finish()];
    expect(shown.map(({ comm, path }) => [comm, path])).toEqual([
      ["cat", `${directory}/a`],
      ["cat", `${directory}/b`],
      ["head", `${directory}/last`],
    ]);
    expect(saidOf(narrowed)).toEqual([]);
    // As JavaScript selects them, with everything else in the events as it is without a condition.
    expect(shown.map((event) => ({ ...event, time: 0, cpu: 0 }))).toEqual(
      every.filter(wanted).map((event) => ({ ...event, time: 0, cpu: 0 })),
    );
  });

  test("is decided in part: JavaScript looks at the rest, and a notice says at what", async () => {
    const shell = await startShell();
    const narrowed = await record(opensnoop().where((e) => e.path.startsWith(`${directory}/`) && /[13]$/.test(e.path)));
    for (const name of [1, 2, 3]) await shell.run(`cat ${directory}/${name}; cat /etc/hostname`);
    expect((await narrowed.finish()).map(({ path }) => path)).toEqual([`${directory}/1`, `${directory}/3`]);
    expect(saidOf(narrowed)).toEqual([
      "where: JavaScript decides /[13]$/.test(e.path): the kernel has no regular expressions; use ===, startsWith, endsWith or includes",
    ]);
  });

  test("follows on another, and the order with until() does not matter", async () => {
    const shell = await startShell();
    const narrowed = await record(
      opensnoop()
        .until(timer(60_000))
        .where((e) => e.path.startsWith(`${directory}/`))
        .where(({ comm }) => comm === "cat"),
    );
    await shell.run(`cat ${directory}/x; head ${directory}/y; cat /etc/hostname`);
    expect((await narrowed.finish()).map(({ path }) => path)).toEqual([`${directory}/x`]);
  });

  test("keeps out nothing that another subscription gets, and reads what is captured at each subscription", async () => {
    const shell = await startShell();
    let name = "one";
    const stream = opensnoop().where((e) => e.path === `${directory}/${name}`);
    const first = await record(stream);
    name = "two";
    const second = await record(stream);
    await shell.run(`cat ${directory}/one ${directory}/two`);
    expect((await first.finish()).map(({ path }) => path)).toEqual([`${directory}/one`]);
    expect((await second.finish()).map(({ path }) => path)).toEqual([`${directory}/two`]);
  });

  test("on a field that events do not have ends the stream with what was meant", async () => {
    const stream = opensnoop().where((e) => (e as unknown as { rett: number }).rett < 0);
    await expect(firstValueFrom(stream)).rejects.toThrow(
      "Cannot narrow opensnoop: opensnoop's event has no rett; did you mean ret?",
    );
  });

  test("that throws ends its stream alone", async () => {
    const shell = await startShell();
    const other = await record(opensnoop().where((e) => e.path === `${directory}/other`));
    const failing = await record(
      opensnoop().where((e) => e.path === `${directory}/other` && JSON.parse("{") === e.comm),
    );
    await Promise.all([
      expect(failing.completed).rejects.toThrow("JSON"),
      shell.run(`cat ${directory}/other; cat ${directory}/other`),
    ]);
    expect(await other.finish()).toHaveLength(2);
  });

  test("of which nothing is true lets nothing through", async () => {
    const shell = await startShell();
    const none = await record(opensnoop().where((e) => e.ret < 0 && false));
    await shell.run(`cat ${directory}/x`);
    expect(await none.finish()).toEqual([]);
  });

  test("is ended before it is compiled without a trace", async () => {
    const stream = opensnoop().where((e) => e.ret < 0);
    const statuses: Status[] = [];
    stream.status.subscribe((status) => statuses.push(status));
    stream.subscribe().unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(statuses).toEqual([]);
  });
});

test("a condition on events of a command holds from its first instruction on", async () => {
  const stream = opensnoop({ exec: ["cat", `${directory}/of-command`, "/etc/hostname"] });
  const narrowed = await record(stream.where((e) => e.path.endsWith("/of-command")));
  await narrowed.completed;
  expect(narrowed.events.map(({ path }) => path)).toEqual([`${directory}/of-command`]);
});

test("a condition on execs tests texts of several fields", async () => {
  const shell = await startShell();
  const narrowed = await record(
    execsnoop().where(
      (e) => e.filename.endsWith("/true") && e.ret === 0 && e.ppid === shell.pid && e.interpreter === "",
    ),
  );
  await shell.run("/bin/true; /bin/false; /bin/true");
  expect((await narrowed.finish()).map(({ filename }) => filename)).toEqual(["/bin/true", "/bin/true"]);
});

describe("a condition on connections", () => {
  test("tests addresses and ports, of events and of what is counted", async () => {
    const [client, server] = [startActor(...network.left), startActor(...network.right)];
    const { listener, port } = await listen(server, 4);
    server.begin("serve", listener, 2);
    const address = network.rightAddress[4];
    const isWanted = (e: ConnectEvent): boolean => e.remotePort === port && e.remoteAddress === address && e.ip === 4;
    const streams = [tcpconnect().where(isWanted), tcpconnect({ dns: true }).where(isWanted)];
    const [events, withDns] = [await record(streams[0]!), await record(streams[1]!)];
    const counts = await record(tcpconnect.count().where(isWanted));
    const others = await record(tcpconnect.count().where((e) => e.remotePort === port && e.remoteAddress !== address));
    await client.call("many", address, port, 2);
    expect((await events.finish()).map(({ remotePort }) => remotePort)).toEqual([port, port]);
    expect((await withDns.finish()).map(({ remotePort }) => remotePort)).toEqual([port, port]);
    const rows = (await counts.finish()).flatMap(({ rows }) => rows);
    expect(rows.map(({ remoteAddress, count }) => [remoteAddress, count])).toEqual([[address, 2]]);
    expect((await others.finish()).flatMap(({ rows }) => rows)).toEqual([]);
  });

  test("must be the kernel's alone where it counts", async () => {
    const stream = tcpconnect.count().where((e) => /x/.test(e.comm));
    await expect(firstValueFrom(stream)).rejects.toThrow(/^Cannot count with this condition: .*regular expressions/);
  });
});

test("a probe that only counts refuses conditions", () => {
  expect(() => runqlat().where(() => true)).toThrow("Cannot filter the events of runqlat: it has only counts");
});

test("events that are given are tested in JavaScript", async () => {
  const given = EventStream.of(opensnoop().info, [{ ret: -1 }, { ret: 3 }] as OpenEvent[]);
  const seen: OpenEvent[] = [];
  const subscription = given.where((e) => e.ret < 0).subscribe((event) => seen.push(event));
  onTestFinished(() => subscription.unsubscribe());
  expect(seen).toEqual([{ ret: -1 }]);
});
