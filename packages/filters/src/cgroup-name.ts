/** Kubernetes' classes of pods, by what they asked for. */
export type QosClass = "guaranteed" | "burstable" | "besteffort";

/** What a cgroup's path says of who is in it, by the marks that engines and systemd leave there. */
export interface CgroupName {
  /** What the cgroup itself is; undefined for one that is only a part of what is around it. */
  readonly is?: "container" | "pod" | "unit" | "slice";
  /** Which engine made the container. Undefined where the layout is that of several. */
  readonly engine?: Engine;
  /** 64 hexadecimal digits. */
  readonly containerId?: string;
  readonly pod?: { readonly uid: string; readonly qos: QosClass };
  /** The innermost systemd unit that is no slice: `nginx.service`. A container's scope is one. */
  readonly unit?: string;
  /** The innermost slice. */
  readonly slice?: string;
  /** The user whose slice it is. */
  readonly uid?: number;
}

/** What makes containers. */
export type Engine = "docker" | "podman" | "containerd" | "cri-o";

/** What a container's id is like, and what is before and after it in a name. */
const WITH_ID = /^(.*?)([0-9a-f]{64})(.*)$/;
/** What engines call a container's cgroup, under the systemd driver and the cgroupfs driver. */
const CONTAINERS: readonly (readonly [before: string, after: string, Engine])[] = [
  ["docker-", ".scope", "docker"],
  ["libpod-", ".scope", "podman"],
  ["libpod-", "", "podman"],
  ["cri-containerd-", ".scope", "containerd"],
  ["nerdctl-", ".scope", "containerd"],
  ["crio-", ".scope", "cri-o"],
  ["crio-", "", "cri-o"],
];
/** The same where the two drivers are mixed up: it stands behind a slice. */
const MIXED_UP: readonly (readonly [before: string, Engine])[] = [
  [":docker:", "docker"],
  [":cri-containerd:", "containerd"],
  [":nerdctl:", "containerd"],
  [":crio:", "cri-o"],
];
/** The kubelet may be told to keep all below a slice of its own, whose name then stands first. */
const POD_SLICE = /^(?:[^:]+-)?kubepods(?:-(burstable|besteffort))?-pod([0-9a-f_]+)\.slice(?::|$)/;
const POD = /^pod([0-9a-f-]+)$/;
const UNIT = /\.(?:service|scope|socket|mount|swap)$/;
const USER_SLICE = /^user-(\d+)\.slice$/;

/**
 * Reads a cgroup's path, from the top of the hierarchy: `/system.slice/docker-….scope`. What is innermost counts. Anybody
 * who may make a cgroup there can give it such a name.
 */
export function cgroupName(path: string): CgroupName {
  let name: CgroupName = {};
  for (const place of placesTo(path)) name = place.name;
  return name;
}

/** The cgroups on the way to one, from the top of the hierarchy, each with its path and name. */
export function* placesTo(path: string): Generator<{ readonly path: string; readonly name: CgroupName }> {
  let name: CgroupName = {};
  let [parent, grandparent]: (string | undefined)[] = [];
  yield { path: "/", name };
  for (const { 0: part, index } of path.matchAll(/[^/]+/g)) {
    name = nameBelow(name, part, parent, grandparent);
    [parent, grandparent] = [part, parent];
    yield { path: path.slice(0, index + part.length), name };
  }
}

/** What a part of a path says, below what is around it. */
function nameBelow(around: CgroupName, part: string, parent?: string, grandparent?: string): CgroupName {
  const { engine, ...rest } = without(around, "is");
  const pod = podOf(part, parent, grandparent) ?? rest.pod;
  const named = { ...rest, ...systemdName(part), ...(pod && { pod }) };
  const container = containerOf(part, parent);
  if (container) return { ...named, ...container, is: "container" };
  return { ...named, ...(engine && { engine }), ...(pod !== rest.pod && { is: "pod" }) };
}

function without<K extends keyof CgroupName>(name: CgroupName, key: K): Omit<CgroupName, K> {
  const copy = { ...name };
  delete copy[key];
  return copy;
}

function systemdName(part: string): CgroupName {
  // systemd puts a _ before what the kernel could take for a file of its own.
  const name = part.replace(/^_/, "");
  if (UNIT.test(name)) return { unit: name, is: "unit" };
  if (!name.endsWith(".slice")) return {};
  const uid = USER_SLICE.exec(name)?.[1];
  return { slice: name, is: "slice", ...(uid !== undefined && { uid: Number(uid) }) };
}

function containerOf(part: string, parent: string | undefined): CgroupName | undefined {
  const [, before = "", containerId, after = ""] = WITH_ID.exec(part) ?? [];
  if (containerId === undefined) return undefined;
  if (before === "" && after === "") return { containerId, ...(parent === "docker" && { engine: "docker" }) };
  const [, , whole] = CONTAINERS.find((form) => form[0] === before && form[1] === after) ?? [];
  const [, engine = whole] = MIXED_UP.find(([end]) => before.endsWith(end) && after === "") ?? [];
  return engine && { engine, containerId };
}

/** All that a container's cgroup may be called, but where drivers are mixed up. */
export function directoriesOf(containerId: string): string[] {
  return [containerId, ...CONTAINERS.map(([before, after]) => before + containerId + after)];
}

function podOf(part: string, parent?: string, grandparent?: string): CgroupName["pod"] {
  const [, qos = "guaranteed", escaped] = POD_SLICE.exec(part) ?? [];
  if (escaped !== undefined) return { uid: escaped.replaceAll("_", "-"), qos: qos as QosClass };
  const uid = POD.exec(part)?.[1];
  if (uid === undefined) return undefined;
  if (parent === "kubepods") return { uid, qos: "guaranteed" };
  const isClass = parent === "burstable" || parent === "besteffort";
  return isClass && grandparent === "kubepods" ? { uid, qos: parent } : undefined;
}
