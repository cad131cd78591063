import type { Field, Fields } from "./field.js";
import { nameOf } from "./kinds/name.js";

/** A cgroup, with what people call what runs in it. All texts come from others: nothing to trust. */
export interface NamedCgroup {
  readonly id: number;
  /** From the top of the hierarchy, as in /proc/PID/cgroup. */
  readonly path: string;
  /** The innermost container: its name, or its whole id where nobody tells a name. */
  readonly container?: string;
  /** The innermost systemd unit that is no slice. */
  readonly unit?: string;
  /** `NAMESPACE/NAME` of a Kubernetes pod, or its uid where nobody tells them. */
  readonly pod?: string;
}

const name = nameOf("cgroupId");

/** Fields that tell the names of the cgroup whose id is in `cgroupId`. A stream has those that it was asked to show. */
export const cgroupNames = {
  container: name("with show: the container, by its name, else by its id; absent outside of containers"),
  unit: name("with show: the innermost systemd unit, such as nginx.service; absent outside of units"),
  pod: name("with show: the Kubernetes pod, as NAMESPACE/NAME, else by its uid; absent outside of pods"),
  cgroupPath: name("with show: the cgroup, by its path from the top of the hierarchy"),
} as const;

/** The field of each name that can be shown. */
const FIELDS = { container: "container", unit: "unit", pod: "pod", cgroup: "cgroupPath" } as const;

/** A name of a cgroup that can be shown. */
export type ShownName = keyof typeof FIELDS;
/** All of them. */
export const SHOWN_NAMES = Object.keys(FIELDS) as readonly ShownName[];

/** A row that may have names of its cgroup. */
export type NamedRow = Partial<Record<keyof typeof cgroupNames, string>>;

/** A name in a row; undefined where it has none. */
export function nameIn(row: NamedRow, name: ShownName): string | undefined {
  return row[FIELDS[name]];
}

/** Finds a cgroup by its id. */
export type FindCgroup = (id: number) => NamedCgroup | undefined;

/** Fields with these names of cgroups and no others. @param find gives them their values, for a stream that runs */
export function showingNames(fields: Fields, shown: readonly ShownName[], find?: FindCgroup): Fields {
  const wanted = new Map<string, ShownName>(shown.map((name) => [FIELDS[name], name]));
  const kept = Object.entries(fields).flatMap(([field, one]) => {
    if (!Object.hasOwn(cgroupNames, field)) return [[field, one]];
    const name = wanted.get(field);
    return name === undefined ? [] : [[field, find ? { ...one, find: finding(name, find) } : one]];
  });
  return Object.fromEntries(kept) as Fields;
}

/** A name that rows do not have as a field. */
export interface LackingName {
  readonly field: string;
  readonly described: Field<string>;
  /** Its value, for rows of a cgroup. */
  readonly of: (cgroup: NamedCgroup) => string | undefined;
}

/** Which of the names these fields do not have. */
export function lackingNames(fields: Fields, shown: readonly ShownName[]): readonly LackingName[] {
  return shown
    .filter((name) => !Object.hasOwn(fields, FIELDS[name]))
    .map((name) => ({ field: FIELDS[name], described: cgroupNames[FIELDS[name]], of: (cgroup) => told(cgroup, name) }));
}

function finding(name: ShownName, find: FindCgroup): (id: number) => string | undefined {
  return (id) => {
    const cgroup = find(id);
    return cgroup && told(cgroup, name);
  };
}

function told(cgroup: NamedCgroup, name: ShownName): string | undefined {
  return name === "cgroup" ? cgroup.path : cgroup[name];
}

/** How a recording is looked at, by the cgroups that it names. */
export interface CgroupView {
  /** Names of cgroups that rows get as fields, where the recording has none. */
  readonly show?: readonly ShownName[] | undefined;
  /** Chooses events by the ids of their cgroups. Called for each boot of a machine, whose ids mean nothing in another. */
  readonly inside?: ((cgroups: ReadonlyMap<number, NamedCgroup>) => (id: number) => boolean) | undefined;
}
