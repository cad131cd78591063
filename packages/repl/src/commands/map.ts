import { printable, printableJson } from "@rxbpf/core";
import { type Member, PinnedSet, type SetKind, type Target } from "@rxbpf/filters";
import { integer } from "@rxbpf/probes/define";
import { type Command, Option } from "commander";

interface Typed {
  readonly type?: SetKind;
  readonly force?: boolean;
}

const TARGETS = "an id; a path, of a cgroup's directory or like /proc/PID/ns/mnt; or pid:PID for that of a process";
/** How many processes of a namespace a line shows. */
const SHOWN = 3;

/** `rxbpf map`: the sets that --cgroupmap and --mntnsmap take. */
export function addMap(program: Command): void {
  const map = program
    .command("map")
    .description("make, edit and look into the sets that --cgroupmap and --mntnsmap take");
  const entries = integer("how many members it can have", { value: "N", min: 1 });

  map
    .command("create")
    .description("make an empty set")
    .argument("<path>", "where to pin it, on a BPF file system such as /sys/fs/bpf")
    .addOption(type("what it is a set of").makeOptionMandatory())
    .option("--entries <N>", `${entries.help} (default: 1024)`, (given: string) => entries.parse(given, "--entries"))
    .action((path: string, { type, entries }: { type: SetKind; entries?: number }) => {
      PinnedSet.create(path, type, entries === undefined ? {} : { maxEntries: entries }).close();
    });

  edit(map, "add", "add to a set, all or none")
    .argument("<target...>", TARGETS)
    .addOption(force())
    .action((path: string, targets: string[], typed: Typed) => {
      withSet(path, typed, (set) => set.add(...targets.map(target)));
    });

  edit(map, "delete", "remove from a set")
    .argument("<target...>", TARGETS)
    .addOption(force())
    .action((path: string, targets: string[], typed: Typed) => {
      withSet(path, typed, (set) => {
        const absent = targets.filter((text) => !set.delete(target(text)));
        if (absent.length > 0) throw new Error(`Cannot delete ${absent.join(" ")} from ${path}: not in the set`);
      });
    });

  edit(map, "has", "exit with 0 if a set holds it, else with 1")
    .argument("<target>", TARGETS)
    .action((path: string, text: string, typed: Typed) => {
      process.exitCode = withSet(path, typed, (set) => set.has(target(text))) ? 0 : 1;
    });

  edit(map, "list", "list what a set holds, and whether it lives")
    .option("--json", "write one JSON document")
    .action((path: string, { json, ...typed }: Typed & { json?: boolean }) => {
      const { kind, members } = withSet(path, typed, (set) => ({
        kind: set.type,
        members: set.list(),
      }));
      if (json) console.log(printableJson(JSON.stringify(members)));
      else for (const line of table(kind, members)) console.log(line);
    });

  edit(map, "unpin", "remove a set; running traces keep it until they end")
    .addOption(force())
    .action((path: string, typed: Typed) => {
      withSet(path, typed, (set) => set.unpin());
    });
}

/** A command on a set that exists. */
function edit(map: Command, name: string, description: string): Command {
  return map
    .command(name)
    .description(description)
    .argument("<path>", "where the set is pinned")
    .addOption(
      type(
        "what it is a set of; told by its map's name, cgroupset or mount_ns_set, else by its value size, 8 or 4, if not given",
      ),
    );
}

function type(help: string): Option {
  return new Option("--type <type>", help).choices(["cgroup", "mntns"] satisfies SetKind[]);
}

function force(): Option {
  return new Option("--force", "whatever the map is called; sets are called cgroupset, mount_ns_set or mnt_ns_set");
}

function withSet<T>(path: string, { type, force }: Typed, use: (set: PinnedSet) => T): T {
  const set = PinnedSet.open(path, type, { force });
  try {
    return use(set);
  } finally {
    set.close();
  }
}

function target(text: string): Target {
  if (/^\d+$/.test(text)) return Number(text);
  const pid = /^pid:(\d+)$/.exec(text)?.[1];
  return pid === undefined ? text : { pid: Number(pid) };
}

function table(type: SetKind, members: readonly Member[]): string[] {
  const rows = members.map((member) => [String(member.id), printable(describe(member))] as const);
  const width = Math.max("ID".length, ...rows.map(([id]) => id.length));
  return [["ID", type === "cgroup" ? "CGROUP" : "PROCESSES"] as const, ...rows].map(
    ([id, text]) => `${id.padEnd(width)}  ${text}`,
  );
}

function describe({ dead, path, processes = [] }: Member): string {
  if (dead === undefined) return "(not seen from here)";
  if (dead) return "(dead)";
  if (path !== undefined) return path;
  const shown = processes.slice(0, SHOWN).map(({ pid, comm }) => `${pid} ${comm}`);
  return processes.length > SHOWN ? `${shown.join(", ")} and ${processes.length - SHOWN} more` : shown.join(", ");
}
