import { writeFileSync } from "node:fs";

import { opensnoop, type OpensnoopOptions } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { makeCgroup, uniqueName } from "../../../testing/kernel-objects.js";
import { type Recording, record } from "../../../testing/recording.js";
import { type Shell, startShell } from "../../../testing/shell.js";

/** A user whom nobody else is. */
const UID = 1_878_000_000 + process.pid;
const NAME = "truth-table";

/** What has each property has a shell of its own that lacks it; the shells `all` and `none` have all and none. */
const PROPERTIES = ["cgroup", "mntns", "netns", "tree", "pid", "tid", "ppid", "uid", "comm"] as const;
type Property = (typeof PROPERTIES)[number];

interface Member {
  readonly shell: Shell;
  /** The shell's own, not that of what started it. */
  readonly pid: number;
}

/** Starts a shell with these properties of those that its start decides, and of those that it can take on. */
async function startWith(has: (property: Property) => boolean, cgroup: string): Promise<Member> {
  const [first, ...rest] = [
    ...(has("mntns") ? [] : ["unshare", "-m"]),
    ...(has("netns") ? [] : ["unshare", "-n"]),
    ...(has("uid") ? ["setpriv", `--reuid=${UID}`, "--keep-groups"] : []),
    // Those that are to have another parent are started by a shell that stays.
    ...(has("ppid") ? ["bash"] : ["bash", "-c", "bash; true"]),
  ];
  const shell = await startShell([first!, ...rest]);
  const pid = Number(await shell.run("echo $$"));
  if (has("cgroup")) writeFileSync(`${cgroup}/cgroup.procs`, String(pid));
  if (has("comm")) await shell.run(`printf ${NAME} > /proc/$$/comm`);
  return { shell, pid };
}

test("each filter, alone, with another and with all, shows what has the properties, and nothing else", async () => {
  const cgroup = makeCgroup();
  const members = new Map<string, Member>();
  for (const lacked of PROPERTIES) members.set(`no ${lacked}`, await startWith((one) => one !== lacked, cgroup));
  members.set("none", await startWith(() => false, cgroup));
  members.set("all", await startWith(() => true, cgroup));
  const pidsBut = (lacked: Property): number[] =>
    [...members].flatMap(([name, { pid }]) => (name === `no ${lacked}` || name === "none" ? [] : [pid]));
  const filters: Readonly<Record<Property, OpensnoopOptions>> = {
    cgroup: { cgroup },
    mntns: { mntns: process.pid },
    netns: { netns: process.pid },
    tree: { tree: pidsBut("tree") },
    pid: { pid: pidsBut("pid") },
    tid: { tid: pidsBut("tid") },
    ppid: { ppid: [process.pid, 2] },
    uid: { uid: [UID, UID + 1] },
    comm: { comm: ["no such name", "th-tab", "x"] },
  };
  const pairs = PROPERTIES.map((one, i) => [one, PROPERTIES.at(i - 1)!]);
  const asked: readonly (readonly Property[])[] = [...PROPERTIES.map((one) => [one]), ...pairs, PROPERTIES];

  const traces: [readonly Property[], Recording<{ readonly path: string }>][] = [];
  for (const properties of asked) {
    const options = Object.assign({}, ...properties.map((one) => filters[one])) as OpensnoopOptions;
    // The whole machine has these two.
    const isWide = properties.every((one) => one === "mntns" || one === "netns");
    traces.push([properties, await record(opensnoop({ ...options, ringBytes: isWide ? 2 ** 25 : 2 ** 20 }))]);
  }
  const paths = new Map<string, string>();
  for (const [name, { shell }] of members) {
    const path = `/tmp/${uniqueName()}`;
    paths.set(path, name);
    await shell.run(`: < ${path}`); // the shell itself opens it
  }
  for (const [properties, trace] of traces) {
    const shown = (await trace.finish()).flatMap(({ path }) => paths.get(path) ?? []);
    const lacking = ["none", ...properties.map((one) => `no ${one}`)];
    expect([properties, shown]).toEqual([properties, [...members.keys()].filter((name) => !lacking.includes(name))]);
  }
});
