import { harmless, printable, printableJson } from "@rxbpf/core";
import {
  chosenNow,
  FollowedCgroups,
  type Member,
  notThere,
  PinnedSet,
  type Selector,
  selectorsOf,
  type SetFilters,
  type SetKind,
  type SetMember,
} from "@rxbpf/filters";
import { integer, namedCgroups, UsageError } from "@rxbpf/probes/define";
import { type Command, Option } from "commander";
import { firstValueFrom } from "rxjs";

import { aligned } from "../aligned.js";
import { addFlags } from "../flags/flags.js";
import { signals } from "../process/signals.js";

interface Typed {
  readonly type?: SetKind;
  readonly force?: boolean;
}

const TARGETS =
  "an id; a path: a cgroup's directory or /proc/PID/ns/mnt; or pid:PID, for that process's cgroup or namespace";
/** The most processes of a namespace that a line shows. */
const SHOWN = 3;

/** `rxbpf map`: the sets that --cgroupmap and --mntnsmap take. */
export function addMap(program: Command): void {
  const map = program.command("map").description("create, edit and list the sets that --cgroupmap and --mntnsmap take");
  const entries = integer("how many members the set can have", { value: "N", min: 1 });

  map
    .command("create")
    .description("create an empty set")
    .argument("<path>", "where to pin it, on a BPF file system such as /sys/fs/bpf")
    .addOption(type("what the set holds").makeOptionMandatory())
    .option("--entries <N>", `${entries.help} (default: 1024)`, (given: string) => entries.parse(given, "--entries"))
    .action((path: string, { type, entries }: { type: SetKind; entries?: number }) => {
      PinnedSet.create(path, type, entries === undefined ? {} : { maxEntries: entries }).close();
    });

  const add = edit(
    map,
    "add",
    "add members to a set, all or none of them; a name stands for the cgroups that it means now",
  )
    .argument("[target...]", TARGETS)
    .addOption(force())
    .option("--follow", "keep running until a signal, and add cgroups that appear later; members stay in the set");
  const named = addFlags(add, namedCgroups);
  add.action(async (path: string, targets: string[], { follow, ...typed }: Typed & { follow?: boolean }) => {
    await addTo(path, typed, targets.map(target), selectorsOf(named() as SetFilters), follow === true);
  });

  edit(map, "delete", "remove members from a set")
    .argument("<target...>", TARGETS)
    .addOption(force())
    .action((path: string, targets: string[], typed: Typed) => {
      withSet(path, typed, (set) => {
        const absent = targets.filter((text) => !set.delete(target(text)));
        if (absent.length > 0) throw new Error(`Cannot delete ${absent.join(" ")} from ${path}: not in the set`);
      });
    });

  edit(map, "has", "exit with 0 if a set holds the target, else with 1")
    .argument("<target>", TARGETS)
    .action((path: string, text: string, typed: Typed) => {
      process.exitCode = withSet(path, typed, (set) => set.has(target(text))) ? 0 : 1;
    });

  map
    .command("list")
    .description("list the members of a set, and whether each still exists; without a path, list all pinned sets")
    .argument("[path]", "where the set is pinned")
    .addOption(type(KIND_HELP))
    .option("--json", "write one JSON document")
    .action((path: string | undefined, { json, ...typed }: Typed & { json?: boolean }) => {
      const rows =
        path === undefined
          ? listAll(typed.type)
          : withSet(path, typed, (set): Listing => {
              const members = set.list();
              return { json: members, table: table(set.type, members) };
            });
      if (json) console.log(printableJson(JSON.stringify(rows.json)));
      else for (const line of rows.table) console.log(line);
    });

  edit(map, "unpin", "remove a set; running traces keep it until they end")
    .addOption(force())
    .action((path: string, typed: Typed) => {
      withSet(path, typed, (set) => set.unpin());
    });
}

async function addTo(
  path: string,
  { type, force }: Typed,
  targets: readonly SetMember[],
  selectors: readonly Selector[],
  follow: boolean,
): Promise<void> {
  if (targets.length + selectors.length === 0)
    throw new UsageError("add takes what to add: a target, or --container, --pod, --unit or --cgroup-tree");
  if (follow && selectors.length === 0)
    throw new UsageError("--follow goes with --container, --pod, --unit or --cgroup-tree");
  const set = PinnedSet.open(path, type, { force });
  try {
    if (selectors.length > 0 && set.type !== "cgroup")
      throw new Error(`Cannot add ${selectors.join(", ")} to ${path}: it is a set of mount namespaces; give pid:PID`);
    const { ids, met } = selectors.length > 0 ? chosenNow(selectors) : { ids: [], met: new Set() };
    const absent = selectors.find((one) => !met.has(one));
    if (absent && !follow) throw new Error(`Cannot add to ${path}: ${notThere(absent)}`);
    set.add(...targets, ...ids);
    if (follow) await keep(set, selectors);
  } finally {
    set.close();
  }
}

/** Adds what selectors choose, and drops what is removed, until a signal. */
async function keep(set: PinnedSet, selectors: readonly Selector[]): Promise<void> {
  if (set.map.info.valueSize !== 8)
    throw new Error(`Cannot follow into ${set.path}: its map has values of ${set.map.info.valueSize} bytes, not 8`);
  const tell = (message: string): void => console.error(`rxbpf: ${harmless(message)}`);
  const followed = new FollowedCgroups(selectors, tell, set.map);
  try {
    const ended = firstValueFrom(signals());
    tell(`${set.path} follows ${selectors.join(", ")} until a signal`);
    await ended;
  } finally {
    followed.close();
  }
}

/** A command on a set that exists. */
function edit(map: Command, name: string, description: string): Command {
  return map
    .command(name)
    .description(description)
    .argument("<path>", "where the set is pinned")
    .addOption(type(KIND_HELP));
}

const KIND_HELP =
  "what the set holds; by default told by the map's name (cgroupset or mount_ns_set), else by its value size (8 or 4)";

/** All pinned sets, of one kind or of both. */
function listAll(only: SetKind | undefined): Listing {
  const sets = PinnedSet.all();
  try {
    const json = sets
      .filter(({ type }) => only === undefined || type === only)
      .map((set) => ({ path: set.path, type: set.type, members: set.list() }));
    const rows = json.map(({ path, type, members }) => [
      type,
      String(members.length),
      String(members.filter(({ dead }) => dead).length),
      printable(path),
    ]);
    return { json, table: aligned([["TYPE", "MEMBERS", "DEAD", "PATH"], ...rows]) };
  } finally {
    for (const set of sets) set.close();
  }
}

/** A listed set, for programs and for people. */
interface Listing {
  readonly json: unknown;
  readonly table: readonly string[];
}

function type(help: string): Option {
  return new Option("--type <type>", help).choices(["cgroup", "mntns"] satisfies SetKind[]);
}

function force(): Option {
  return new Option("--force", "accept a map with any name; sets are named cgroupset, mount_ns_set or mnt_ns_set");
}

function withSet<T>(path: string, { type, force }: Typed, use: (set: PinnedSet) => T): T {
  const set = PinnedSet.open(path, type, { force });
  try {
    return use(set);
  } finally {
    set.close();
  }
}

function target(text: string): SetMember {
  if (/^\d+$/.test(text)) return Number(text);
  const pid = /^pid:(\d+)$/.exec(text)?.[1];
  return pid === undefined ? text : { pid: Number(pid) };
}

function table(type: SetKind, members: readonly Member[]): string[] {
  const rows = members.map((member) => [String(member.id), printable(describe(member))]);
  return aligned([["ID", type === "cgroup" ? "CGROUP" : "PROCESSES"], ...rows]);
}

function describe({ dead, path, processes = [] }: Member): string {
  if (dead === undefined) return "(not seen from here)";
  if (dead) return "(dead)";
  if (path !== undefined) return path;
  const shown = processes.slice(0, SHOWN).map(({ pid, comm }) => `${pid} ${comm}`);
  return processes.length > SHOWN ? `${shown.join(", ")} and ${processes.length - SHOWN} more` : shown.join(", ");
}
