import { execFileSync } from "node:child_process";

import { afterAll } from "vitest";

type ByVersion = Readonly<Record<4 | 6, string>>;

/** Two network namespaces, connected by a cable. */
export interface Network {
  /** The beginning of a command that runs the rest on one side. */
  readonly left: readonly [string, ...string[]];
  readonly right: readonly [string, ...string[]];
  readonly leftAddress: ByVersion;
  readonly rightAddress: ByVersion;
  /** Addresses on the cable that nobody has. */
  readonly nobody: ByVersion;
  /** Addresses of a host on the cable that takes packets and answers none. */
  readonly silent: ByVersion;
}

/** Makes a network for the tests of a file. It is removed after them. */
export function makeNetwork(): Network {
  const [left, right] = [`rxbpf-${process.pid}-left`, `rxbpf-${process.pid}-right`];
  afterAll(() => {
    for (const namespace of [left, right]) execFileSync("ip", ["netns", "delete", namespace]);
  });
  for (const namespace of [left, right]) execFileSync("ip", ["netns", "add", namespace]);
  execFileSync("ip", `link add cable netns ${left} type veth peer name cable netns ${right}`.split(" "));
  configure(left, 1);
  configure(right, 2);
  return {
    left: ["ip", "netns", "exec", left],
    right: ["ip", "netns", "exec", right],
    leftAddress: { 4: "10.77.0.1", 6: "fd77::1" },
    rightAddress: { 4: "10.77.0.2", 6: "fd77::2" },
    nobody: { 4: "10.77.0.99", 6: "fd77::99" },
    silent: { 4: "10.77.0.98", 6: "fd77::98" },
  };
}

/** Gives one end of the cable its addresses. Without a link-local address, the others can be used at once. */
function configure(namespace: string, host: number): void {
  const commands = [
    "link set cable addrgenmode none",
    "link set lo up",
    "link set cable up",
    `address add 10.77.0.${host}/24 dev cable`,
    `address add fd77::${host}/64 dev cable nodad`,
    "neighbour add 10.77.0.98 lladdr 02:00:00:00:00:98 dev cable",
    "neighbour add fd77::98 lladdr 02:00:00:00:00:98 dev cable",
  ];
  execFileSync("ip", ["-n", namespace, "-batch", "-"], { input: commands.join("\n") });
}
