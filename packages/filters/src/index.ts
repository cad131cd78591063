// Narrowing a trace
export { filterOptions } from "./filter-options.js";
export {
  byFilter,
  conflictIn,
  isOfCommand,
  narrowingOf,
  type OneOrMore,
  SELECTOR_MAKERS,
  selectorsOf,
  type SetFilters,
  type WordedKind,
} from "./narrowing.js";
export {
  cgroup,
  cgroupTree,
  container,
  mntns,
  netns,
  pod,
  Selector,
  type SelectorKind,
  tree,
  unit,
} from "./selectors.js";

// Sets
export { type OpenSetOptions, PinnedSet, type SetMember } from "./pinned-set.js";
export type { Member, SetKind } from "./set-kind.js";

// Members of sets
export { cgroupId, cgroupIdBytes } from "./cgroup-id.js";
export { cgroupIdOfProcess, cgroupOfProcess, liveCgroups } from "./cgroups.js";
export {
  isNamespaceId,
  liveMountNamespaces,
  mountNamespaceId,
  mountNamespaceOfProcess,
  type Process,
} from "./namespaces.js";
export { type CgroupMount, cgroupMounts } from "./mounts.js";

// What selectors choose
export { chosenNow } from "./choice.js";
export { notRecorded, recordedChoice } from "./recorded-choice.js";
export { FollowedCgroups } from "./followed-cgroups.js";
export { notThere } from "./told.js";

// Commands that run in a cgroup of their own
export { Command, CommandError, startCommand } from "./command.js";

// Processes that run
export { ProcessTable, type Running, runningProcesses, type RunningProcess } from "./processes.js";
export { MachineIds } from "./machine-ids.js";

// What people call cgroups
export { cgroupName, type CgroupName, type Engine, type QosClass } from "./cgroup-name.js";
export { type ContainerName, ContainerNames } from "./container-names.js";
export { cgroupsNow, NamedCgroups } from "./named-cgroups.js";
export { type Nameable, nameables, namesNow } from "./nameables.js";
