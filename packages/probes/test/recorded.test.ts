import { EventStream } from "@rxbpf/core";
import { biosnoop, execsnoop, exitsnoop, killsnoop, opensnoop, tcpaccept, tcpconnect, tcptracer } from "@rxbpf/probes";
import { type AnyProbe, recordedBy, recordedOptions, UsageError } from "@rxbpf/probes/define";
import { lastValueFrom, map, toArray } from "rxjs";
import { expect, test } from "vitest";

const who = {
  time: 1_700_000_000_000,
  pid: 10,
  tid: 11,
  ppid: 1,
  execId: 3,
  uid: 0,
  comm: "cat",
  cgroupId: 1,
  mntnsId: 2,
  cpu: 0,
};
const open = { ...who, ret: 3, flags: 0, mode: 0, path: "/etc/passwd", truncated: false, ioUring: false };
const exec = {
  ...who,
  ...{ pcomm: "sh", ret: 0, filename: "/bin/cat", interpreter: "", args: ["cat", "-n"], truncated: false },
};
const request = {
  ...{ ...who, disk: "sda", operation: "read", sector: 8, bytes: 512, pattern: "unknown" },
  ...{ queuedNs: 1, latencyNs: 2 },
};
const exit = { ...who, startTime: who.time, ageUs: 5, exitCode: 0, signal: 0, coreDumped: false };
const kill = { ...who, targetPid: 5, signal: 9, ret: 0 };
const connection = {
  ...{ ...who, ip: 4, localAddress: "127.0.0.1", localPort: 40_000, remoteAddress: "127.0.0.2", remotePort: 443 },
  netnsId: 4_026_531_840,
};
const session = { ...connection, type: "connect" };

type Changes = Record<string, unknown>;

/** What is left of events, by their place: the first is `event`, the others are it with changes. */
function chosen(probe: AnyProbe, event: object, changes: readonly Changes[], options: Changes): Promise<number[]> {
  const rows = [{}, ...changes].map((change, place) => ({ ...event, ...change, cpu: place }));
  const info = { name: probe.definition.name, schema: probe.outputs[probe.definition.main]!.schema, columns: () => [] };
  const stream = new EventStream<unknown>(info, (receiver) => {
    const timer = setImmediate(() => {
      receiver.batch({ length: rows.length, row: (index) => rows[index]! });
      receiver.complete();
    });
    return { stop: () => {}, close: () => clearImmediate(timer), hold: () => {}, release: () => {} };
  });
  const places = recordedBy(probe, probe.definition.main, () => stream, options).pipe(
    map((row) => (row as { cpu: number }).cpu),
    toArray(),
  );
  return lastValueFrom(places);
}

const V6 = { ip: 6 };
test.each<[AnyProbe, object, Changes[], Changes, number[]]>([
  [opensnoop, open, [{ ret: -2 }], {}, [0, 1]],
  [opensnoop, open, [{ ret: -2 }], { failed: true }, [1]],
  [opensnoop, open, [{ pid: 12 }], { pid: 12 }, [1]],
  [opensnoop, open, [{ tid: 12 }], { tid: 12 }, [1]],
  [opensnoop, open, [{ tid: 12 }, { tid: 12, pid: 99 }], { tid: 12, pid: 99 }, [2]],
  [opensnoop, open, [{ uid: 7 }], { uid: 0 }, [0]],
  [opensnoop, open, [{ comm: "concat" }, { comm: "dog" }], { comm: "cat" }, [0, 1]],
  [opensnoop, open, [{ flags: 0o100 }, { flags: 0o101 }, { flags: 2 }], { flagFilter: ["O_CREAT"] }, [1, 2]],
  [opensnoop, open, [{ flags: 0o101 }, { flags: 2 }], { flagFilter: ["O_RDONLY", "O_RDWR"] }, [0, 2]],
  [execsnoop, exec, [{ ret: -2 }], {}, [0]],
  [execsnoop, exec, [{ ret: -2 }], { fails: true }, [0, 1]],
  [execsnoop, exec, [{ uid: 7 }, { ppid: 7 }], { uid: 0, ppid: 1 }, [0]],
  [execsnoop, exec, [{ comm: "dog", filename: "/bin/dog" }], { name: /^d/ }, [1]],
  [execsnoop, exec, [{ args: ["cat", "-v"] }], { line: /-v$/ }, [1]],
  [biosnoop, request, [{ disk: "sdb" }, { pid: 9 }], { pid: 10, queue: true }, [0, 1]],
  [exitsnoop, exit, [{ exitCode: 1 }, { signal: 9 }, { exitCode: 1, pid: 9 }], { failed: true, pid: 10 }, [1, 2]],
  [killsnoop, kill, [{ ret: -3 }], { failed: true }, [1]],
  [killsnoop, kill, [{ targetPid: -5 }, { signal: 15 }], { tpid: 5, signal: [1, 9] }, [0]],
  [tcpaccept, connection, [V6, { localPort: 80 }, { pid: 9 }], { ipv4: true, port: [40_000], pid: 10 }, [0]],
  [tcpconnect, connection, [V6, { remotePort: 80 }, { uid: 9 }], { ipv4: true, port: [443], uid: 0 }, [0]],
  [tcpconnect, connection, [V6], { ipv6: true }, [1]],
  [tcptracer, session, [V6, { netnsId: 6 }, { pid: 9 }], { ipv4: true, netns: 4_026_531_840, pid: 10 }, [0]],
  [opensnoop, open, [{ pid: 12 }, { pid: 13 }], { pid: [10, 13] }, [0, 2]],
  [opensnoop, open, [{ uid: 7 }, { uid: 8 }], { uid: "7,8" }, [1, 2]],
  [opensnoop, open, [{ comm: "dog" }, { comm: "cow" }], { comm: ["ca", "ow"] }, [0, 2]],
  [opensnoop, open, [{ ppid: 2 }, { tid: 3 }], { ppid: [1], tid: ["11", 9] }, [0]],
  [opensnoop, { ...open, mntnsId: 4_026_531_832 }, [{ mntnsId: 2 }], { mntns: ["4026531832"] }, [0]],
])(
  "of what %o recorded, options choose what they would have chosen live",
  async (probe, event, changes, options, left) => {
    expect(await chosen(probe, event, changes, options)).toEqual(left);
  },
);

test.each<AnyProbe>([opensnoop, execsnoop, tcpaccept, tcpconnect, tcptracer])(
  "%o: its own options are either for recordings, or change what is recorded",
  (probe) => {
    const { main } = probe.definition;
    const narrowing = ["cgroupmap", "mntnsmap", "within", "tree"];
    // TCP events alone tell of a network namespace.
    const unknown = "netnsId" in probe.outputs[main]!.schema.fields ? [] : ["netns"];
    const common = [...narrowing, ...unknown, "duration", "includeSelf", "ringBytes"];
    const live = ["fullPath", "bufferPages", "exec", "argsSize"];
    const own = Object.keys(probe.optionsOf(main)).filter((name) => !common.includes(name) && !live.includes(name));
    expect(Object.keys(recordedOptions(probe, main)).sort()).toEqual(own.sort());
  },
);

test("what a recording cannot tell is wrong usage, and another probe's recording an error", () => {
  expect(() => chosen(opensnoop, open, [], { fullPath: true })).toThrow(UsageError);
  expect(() => chosen(opensnoop, open, [], { cgroupmap: "/sys/fs/bpf/set" })).toThrow(UsageError);
  expect(() => chosen(opensnoop, open, [], { tree: 12 })).toThrow(/^tree cannot be used with a recording; /);
  expect(() => chosen(opensnoop, open, [], { netns: 4_026_531_840 })).toThrow(
    /^netns cannot be used with a recording; /,
  );
  expect(() => chosen(opensnoop, open, [], { mntns: 12 })).toThrow(
    new UsageError('mntns takes an inode with a recording, not "12"'),
  );
  const info = { name: "opensnoop", schema: execsnoop.outputs.events.schema, columns: () => [] };
  const stream = new EventStream<unknown>(info, () => ({ stop() {}, close() {}, hold() {}, release() {} }));
  expect(() => recordedBy(opensnoop, "events", () => stream)).toThrow(
    "Cannot replay it as opensnoop: the recording has no flags mode path ioUring",
  );
});
