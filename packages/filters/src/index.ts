// Narrowing a trace
export { filterOptions, type SetFilters } from "./filter-options.js";

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
} from "./mount-namespaces.js";
export { type CgroupMount, cgroupMounts } from "./mounts.js";

// A cgroup with all cgroups below it, and commands that run in a cgroup
export { CgroupTree } from "./cgroup-tree.js";
export { Command, CommandError, startCommand } from "./command.js";

// Processes that run
export { ProcessTable, type Running, runningProcesses, type RunningProcess } from "./processes.js";
export { MachineIds } from "./machine-ids.js";

// What people call cgroups
export { cgroupName, type CgroupName, type Engine, type QosClass } from "./cgroup-name.js";
export { type ContainerName, ContainerNames } from "./container-names.js";
export { type Nameable, nameables } from "./nameables.js";
