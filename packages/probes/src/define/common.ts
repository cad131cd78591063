import { commConstants } from "./comm.js";
import { where } from "./conditions.js";
import { all, flag, integer, oneOrMore, processIds, text, threadIds, timeSpan } from "./options.js";
import { type Flags, lettered, selecting, showing } from "./selection.js";
import { namespace, selectors, words } from "./selectors.js";
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
  mntns: namespace("mntns", "only the mount namespace of process PID, or of that INODE or PATH"),
  netns: namespace("netns", "only the network namespace of process PID, or of that INODE or PATH"),
  tree: words("tree", "only process PID with all below it and all that they start, orphans too", "PID"),
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

/** Options of every probe whose events have a process. The programs' constants are those of bpf/include/filter.bpf.h. */
const who = {
  pid: selecting(processIds("only the process PID; or any of a list: 12,34", { value: "PID" }), {
    constants(pids, ids) {
      const identities = ids.processIdentities(all(pids));
      return { only_processes: identities, processes_count: identities.length };
    },
    field: "pid",
    matches: (pids, event: Who) => all(pids).includes(event.pid),
    processes: (pids, process) => all(pids).includes(process.pid),
  }),
  tid: selecting(threadIds("only the thread TID; or any of a list", { value: "TID" }), {
    constants(tids, ids) {
      const identities = ids.threadIdentities(all(tids));
      return { only_threads: identities, threads_count: identities.length };
    },
    field: "tid",
    matches: (tids, event: Who) => all(tids).includes(event.tid),
    processes: () => undefined,
  }),
  ppid: selecting(processIds("only children of the process PPID; or of any of a list", { value: "PPID" }), {
    constants(ppids, ids) {
      const identities = ids.processIdentities(all(ppids));
      return { only_parents: identities, parents_count: identities.length };
    },
    field: "ppid",
    matches: (ppids, event: Who) => all(ppids).includes(event.ppid),
    processes: (ppids, process) => all(ppids).includes(process.ppid),
  }),
  uid: selecting(oneOrMore(user("only the user UID, a number or a name; or any of a list", { value: "UID" }), ","), {
    constants: (uids) => ({ only_uids: Uint32Array.from(all(uids)), uids_count: all(uids).length }),
    field: "uid",
    matches: (uids, event: Who) => all(uids).includes(event.uid),
    processes: (uids, process) => all(uids).includes(process.uid),
  }),
  comm: selecting(
    oneOrMore(text("only threads whose name contains NAME; can be repeated", { value: "NAME", mostBytes: COMM_BYTES })),
    {
      constants: (names) => commConstants(all(names)),
      field: "comm",
      matches: (names, event: Who) => all(names).some((name) => event.comm.includes(name)),
      processes: () => undefined,
    },
  ),
} as const;

/** The options that select events by the process that caused them, with the letters that the probe gives them. */
export function whoOptions(letters: Flags<typeof who> = {}): typeof who {
  return lettered(who, letters);
}
