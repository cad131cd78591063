import { where } from "./conditions.js";
import { flag, integer, processId, text, threadId, timeSpan } from "./options.js";
import { type Flags, lettered, selecting, showing } from "./selection.js";
import { selectors, words } from "./selectors.js";
import { user } from "./user.js";

/** Options that choose cgroups, with all that is below them, by what people call them. */
export const namedCgroups = {
  cgroupTree: words("cgroupTree", "only processes in the cgroup PATH and those below it", "PATH"),
  unit: words("unit", "only what the systemd unit NAME runs; may be a pattern such as 'app-*.service'", "NAME"),
  container: words("container", "only the container NAME, or of an id that begins so; may be a pattern", "NAME|ID"),
  pod: words("pod", "only the containers of a Kubernetes pod; may be a pattern", "NAMESPACE/NAME"),
} as const;

/** Options that every output of every probe has. */
export const common = {
  cgroupmap: text("only processes in the cgroups of the set pinned at PATH", { value: "PATH" }),
  mntnsmap: text("only processes in the mount namespaces of the set pinned at PATH", { value: "PATH" }),
  within: selectors("only what selectors choose"),
  cgroup: words("cgroup", "only processes in the cgroup PATH itself, not in one below it", "PATH"),
  ...namedCgroups,
  mntns: words("mntns", "only the mount namespace of process PID, or of that INODE", "PID|INODE"),
  // The longest wait of a timer in Node.
  duration: timeSpan("end after TIME: seconds, or with a unit: 500ms, 2m, 1h", {
    value: "TIME",
    unit: "s",
    min: 0.001,
    max: 2_147_483,
  }),
  includeSelf: flag("also show what the tracer itself does"),
} as const;

/** Options of every output that reads records from a ring. */
export const ringOptions = {
  ringBytes: integer("size of the ring buffer: a power of two, in whole pages", {
    value: "BYTES",
    min: 4096,
    max: 2 ** 30,
  }),
  where,
} as const;

/** Options of every output that is a table. */
export const tableOptions = {
  interval: timeSpan("show a table every TIME, counted since the last one: seconds, or with a unit: 500ms, 2m, 1h", {
    value: "TIME",
    unit: "s",
    min: 0.001,
    max: 2_147_483,
  }),
  tables: integer("end after N tables", { value: "N", min: 1 }),
  timestamp: showing(flag("show the time of day above each table", { short: "T" })),
  rows: showing(integer("show at most N rows of each table", { value: "N", min: 1, short: "r", long: "maxrows" })),
} as const;

interface Who {
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly comm: string;
}

/** The kernel keeps this many bytes of a thread's name. */
const COMM_BYTES = 15;

/** Options of every probe whose events have a process. */
const who = {
  pid: selecting(processId("only the process PID", { value: "PID" }), {
    constants: (pid) => ({ only_pid: pid }),
    field: "pid",
    matches: (pid, event: Who) => event.pid === pid,
    processes: (pid, process) => process.pid === pid,
  }),
  tid: selecting(threadId("only the thread TID", { value: "TID" }), {
    constants: (tid) => ({ only_tid: tid }),
    field: "tid",
    matches: (tid, event: Who) => event.tid === tid,
    processes: () => undefined,
  }),
  ppid: selecting(processId("only children of the process PPID", { value: "PPID" }), {
    constants: (ppid) => ({ only_ppid: ppid }),
    field: "ppid",
    matches: (ppid, event: Who) => event.ppid === ppid,
    processes: (ppid, process) => process.ppid === ppid,
  }),
  uid: selecting(user("only the user UID, a number or a name", { value: "UID" }), {
    constants: (uid) => ({ by_uid: true, only_uid: uid }),
    field: "uid",
    matches: (uid, event: Who) => event.uid === uid,
    processes: (uid, process) => process.uid === uid,
  }),
  comm: selecting(text("only threads whose name contains NAME", { value: "NAME", mostBytes: COMM_BYTES }), {
    constants: (name) => ({ comm_part: name, comm_part_length: Buffer.byteLength(name) }),
    field: "comm",
    matches: (name, event: Who) => event.comm.includes(name),
    processes: () => undefined,
  }),
} as const;

/** The options that select events by the process that caused them, with the letters that the probe gives them. */
export function whoOptions(letters: Flags<typeof who> = {}): typeof who {
  return lettered(who, letters);
}
