import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { type Actor, actors } from "../../../testing/actor.js";
import { makeNetwork } from "../../../testing/network.js";
import { run, start } from "../../../testing/programs.js";

const RXBPF = fileURLToPath(new URL("../bin/rxbpf.cjs", import.meta.url));
const startActor = actors();
const network = makeNetwork();
const { left, right, leftAddress, rightAddress } = network;

/** Runs a tool while `act` does something; ends it as Ctrl-C does when `enough` lines have come. Gives what it printed. */
async function trace(args: readonly string[], act: () => Promise<void>, enough: number): Promise<string[]> {
  const tool = start(process.execPath, [RXBPF, ...args]);
  const lines: string[] = [];
  const heading = args.includes("--json") ? 0 : 1;
  const reading = (async () => {
    for await (const line of tool.lines()) lines.push(line);
  })();
  if (heading)
    await expect.poll(() => lines.some((line) => /^Tracing|RADDR/.test(line)), { timeout: 10_000 }).toBe(true);
  await act();
  await expect.poll(() => lines.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(enough);
  tool.kill("SIGINT");
  await tool.ended();
  await reading;
  return lines;
}

/** Connects, accepts and closes, the client first. Gives the ports. */
async function session(client: Actor, server: Actor, to: string) {
  const family = to.includes(":") ? 6 : 4;
  const listener = await server.call("socket", family);
  const port = await server.call("listen", listener);
  const fd = await client.call("socket", family);
  await client.call("connect", fd, to, port);
  const accepted = await server.call("accept", listener);
  const clientPort = await client.call("port", fd);
  await client.call("close", fd);
  await server.call("hung-up", accepted);
  await server.call("close", accepted);
  await server.call("close", listener);
  return { port, clientPort };
}

const namespaceOf = ({ pid }: Actor): number => statSync(`/proc/${pid}/ns/net`).ino;
const pad = (value: string | number, width: number): string => String(value).padEnd(width);

describe("tcptracer", () => {
  test("-t -N shows the sessions of one network namespace, with its banner and columns", async () => {
    const [client, server] = [startActor(...left), startActor(...right)];
    await client.call("socket", 4);
    let ports = { port: 0, clientPort: 0 };
    const lines = await trace(
      ["tcptracer", "-t", "-N", String(namespaceOf(client))],
      async () => void (ports = await session(client, server, rightAddress[6])),
      4,
    );
    expect(lines.slice(0, 2)).toEqual([
      "Tracing TCP established connections. Ctrl-C to end.",
      "TIME(s)  T  PID    COMM             IP SADDR            DADDR            SPORT  DPORT ",
    ]);
    const rest = `${pad(client.pid, 6)} sockets          6  [fd77::1]        [fd77::2]        ${pad(ports.clientPort, 6)} ${pad(ports.port, 6)}`;
    expect(lines[2]).toBe(`0.000    C  ${rest}`);
    expect(lines[3]).toMatch(/^\d\.\d{3} {4}X {2}/);
    expect(lines[3]!.slice(12)).toBe(rest);
    expect(lines).toHaveLength(4);
  });

  test("-v -p -4 shows words and the namespace, of one process and version", async () => {
    const [client, server] = [startActor(...left), startActor(...right)];
    let ports = { port: 0, clientPort: 0 };
    const lines = await trace(
      ["tcptracer", "-v", "-4", "-p", String(server.pid)],
      async () => {
        await session(client, server, rightAddress[6]);
        ports = await session(client, server, rightAddress[4]);
      },
      4,
    );
    const rest = `${pad(server.pid, 6)} sockets          4  10.77.0.2        10.77.0.1        ${pad(ports.port, 6)} ${pad(ports.clientPort, 6)} ${pad(namespaceOf(server), 8)}`;
    expect(lines.slice(2)).toEqual([`accept       ${rest}`, `close        ${rest}`]);
  });
});

test("tcpconnect -t -U -L -d -P shows its banner and columns", async () => {
  const client = startActor(...left);
  let localPort = 0;
  const lines = await trace(
    ["tcpconnect", "-tULd", "-P", "81,82"],
    async () => {
      const fd = await client.call("socket", 4);
      await client.call("bind", fd, leftAddress[4], 0);
      localPort = await client.call("port", fd);
      await client.attempt("connect", fd, rightAddress[4], 80);
      const other = await client.call("socket", 4);
      await client.call("bind", other, leftAddress[4], 0);
      localPort = await client.call("port", other);
      await client.attempt("connect", other, rightAddress[4], 82);
    },
    3,
  );
  expect(lines).toEqual([
    "Tracing connect ... Hit Ctrl-C to end",
    "TIME(s)  UID   PID     COMM         IP SADDR            LPORT  DADDR            DPORT  QUERY",
    `0.000    0     ${pad(client.pid, 7)} sockets      4  10.77.0.1        ${pad(localPort, 6)} 10.77.0.2        82     No DNS Query`,
  ]);
});

test("tcpconnect -c shows one table at the end, its rows by number", async () => {
  const client = startActor(...left);
  const lines = await trace(
    ["tcpconnect", "-c", "-p", String(client.pid)],
    async () => {
      await client.attempt("many", rightAddress[4], 81, 2);
      await client.attempt("many", rightAddress[4], 82, 3);
      await client.attempt("many", rightAddress[6], 82, 4);
    },
    1,
  );
  expect(lines).toEqual([
    "Tracing connect ... Hit Ctrl-C to end",
    "",
    "LADDR                     RADDR                     RPORT                CONNECTS  ",
    "10.77.0.1                 10.77.0.2                 82                   3         ",
    "10.77.0.1                 10.77.0.2                 81                   2         ",
    "fd77::1                   fd77::2                   82                   4         ",
  ]);
});

test("tcpaccept -T -t -P -6 shows its columns, and no banner", async () => {
  const [client, server] = [startActor(...left), startActor(...right)];
  let ports = { port: 0, clientPort: 0 };
  const lines = await trace(
    ["tcpaccept", "-T", "-t", "-6"],
    async () => void (ports = await session(client, server, rightAddress[6])),
    2,
  );
  expect(lines[0]).toBe("TIME     TIME(s)  PID     COMM         IP RADDR            RPORT LADDR            LPORT");
  expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d 0\.000 {4}/);
  expect(lines[1]!.slice(18)).toBe(
    `${pad(server.pid, 7)} sockets      6  fd77::1          ${pad(ports.clientPort, 5)} fd77::2          ${pad(ports.port, 5)}`,
  );
});

test("--json writes the named fields of each event", async () => {
  const [client, server] = [startActor(...left), startActor(...right)];
  const tool = start(process.execPath, [RXBPF, "tcptracer", "--json", "-p", String(client.pid)]);
  // It prints nothing until there is an event: connect until then.
  let line: string | undefined;
  const reading = tool.line().then((first) => (line = first));
  await expect
    .poll(
      async () => {
        await session(client, server, rightAddress[4]);
        return line;
      },
      { timeout: 10_000 },
    )
    .toBeDefined();
  await reading;
  tool.kill("SIGINT");
  expect(JSON.parse(line!)).toMatchObject({
    ...{ pid: client.pid, comm: "sockets", ip: 4, type: expect.stringMatching(/^(connect|close)$/) },
    ...{ localAddress: "10.77.0.1", remoteAddress: "10.77.0.2", netnsId: namespaceOf(client) },
    ...{ localPort: expect.any(Number), remotePort: expect.any(Number), time: expect.any(Number) },
  });
});

test.each([
  [["tcpconnect", "-4", "-6"], "rxbpf: ipv4 and ipv6 exclude each other\n"],
  [["tcpaccept", "-46"], "rxbpf: ipv4 and ipv6 exclude each other\n"],
  [["tcptracer", "-4", "-6"], "rxbpf: ipv4 and ipv6 exclude each other\n"],
  [["tcpconnect", "-c", "-d"], "rxbpf: count and dns exclude each other\n"],
  [["tcpconnect", "--interval", "1"], "rxbpf: --interval goes with --count\n"],
  [
    ["tcpconnect", "-c", "--interval", "0"],
    'rxbpf: --interval takes a time from 0.001 to 2147483 seconds, or with a unit such as 500ms or 2m, not "0"\n',
  ],
  [["tcpconnect", "-P", "http"], 'rxbpf: --port takes ports from 1 to 65535, separated by commas, not "http"\n'],
  [["tcpaccept", "-P", "80,"], 'rxbpf: --port takes ports from 1 to 65535, separated by commas, not "80,"\n'],
  [["tcpaccept", "-P", "65536"], 'rxbpf: --port takes ports from 1 to 65535, separated by commas, not "65536"\n'],
  [["tcptracer", "-N", "eth0"], 'rxbpf: A network namespace is a PID, an inode, or a path with a /, not "eth0"\n'],
  [
    ["tcpconnect", "-u", "nobody-of-that-name"],
    'rxbpf: --uid takes a user id or the name of a user, not "nobody-of-that-name"\n',
  ],
])("%s is refused in one line, with status 2", async (args, stderr) => {
  expect(await run(process.execPath, [RXBPF, ...args])).toMatchObject({ status: 2, stdout: "", stderr });
});
