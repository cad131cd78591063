import { containerId, type DockerContainer } from "./engines.js";

/** A container as an engine lays it out, without what runs it. */
export interface LaidOut {
  /** The engine, and how it makes cgroups. */
  readonly how: string;
  readonly id: string;
  readonly name: string;
  /** `NAMESPACE/NAME`. */
  readonly pod?: string;
  readonly podUid?: string;
  /** Its cgroup. */
  readonly cgroup: string;
  /** What the engine says of it in a file, */
  readonly file?: { readonly path: string; readonly content: unknown };
  /** or at Docker's socket alone. */
  readonly docker?: DockerContainer;
}

/** What an engine calls a container, and the uid of its pod. */
interface Called {
  readonly id: string;
  readonly name: string;
  readonly uid: string;
}

type File = (called: Called) => Pick<LaidOut, "file" | "docker">;

const SESSION = "user.slice/user-4711.slice/user@4711.service/user.slice";

const docker =
  (folder: string): File =>
  ({ id, name }) => ({
    file: { path: `${folder}/docker/containers/${id}/config.v2.json`, content: { Name: `/${name}`, Config: {} } },
  });
const socket: File = ({ id, name }) => ({ docker: { Id: id, Names: [`/${name}`], State: "created" } });
const podman =
  (list: string): File =>
  ({ id, name }) => ({ file: { path: list, content: [{ id, names: [name] }] } });
const nerdctl: File = ({ id, name }) => bundle(`default/${id}`, { "nerdctl/name": name });
const containerd: File = ({ id, name }) =>
  bundle(`k8s.io/${id}`, {
    "io.kubernetes.cri.container-name": name,
    "io.kubernetes.cri.sandbox-name": name,
    "io.kubernetes.cri.sandbox-namespace": "shop",
  });
const crio: File = ({ id, name }) => ({
  file: {
    path: `/run/containers/storage/overlay-containers/${id}/userdata/config.json`,
    content: {
      annotations: {
        "io.kubernetes.container.name": name,
        "io.kubernetes.pod.name": name,
        "io.kubernetes.pod.namespace": "shop",
      },
    },
  },
});

function bundle(place: string, annotations: Readonly<Record<string, string>>): ReturnType<File> {
  const path = `/run/containerd/io.containerd.runtime.v2.task/${place}/config.json`;
  return { file: { path, content: { annotations } } };
}

/** A pod's cgroup under the systemd driver. The kubelet may be told to keep all below a slice of its own. */
function podSlice(qos: "" | "burstable" | "besteffort", uid: string, above: string = ""): string {
  const kubepods = above === "" ? "kubepods" : `${above}-kubepods`;
  const ofClass = qos === "" ? kubepods : `${kubepods}-${qos}`;
  const slices = [...new Set([above, kubepods, ofClass])].filter((slice) => slice !== "");
  return `${slices.map((slice) => `${slice}.slice/`).join("")}${ofClass}-pod${uid.replaceAll("-", "_")}.slice`;
}

const LAYOUTS: readonly (readonly [how: string, cgroup: (called: Called) => string, file: File])[] = [
  ["docker, systemd", ({ id }) => `system.slice/docker-${id}.scope`, docker("/var/lib")],
  ["docker, cgroupfs", ({ id }) => `docker/${id}`, socket],
  ["docker without root", ({ id }) => `${SESSION}/docker-${id}.scope`, docker("/mnt/bob/.local/share")],
  [
    "podman, systemd",
    ({ id }) => `machine.slice/libpod-${id}.scope`,
    podman("/var/lib/containers/storage/overlay-containers/containers.json"),
  ],
  [
    "podman, cgroupfs",
    ({ id }) => `libpod_parent/libpod-${id}`,
    podman("/var/lib/containers/storage/vfs-containers/containers.json"),
  ],
  [
    "podman run --rm in a pod of podman's",
    ({ id }) => `machine.slice/machine-libpod_pod_${containerId()}.slice/libpod-${id}.scope`,
    podman("/var/lib/containers/storage/overlay-containers/volatile-containers.json"),
  ],
  [
    "podman without root",
    ({ id }) => `${SESSION}/libpod-${id}.scope`,
    podman("/mnt/bob/.local/share/containers/storage/overlay-containers/containers.json"),
  ],
  ["nerdctl, systemd", ({ id }) => `system.slice/nerdctl-${id}.scope`, nerdctl],
  ["nerdctl, cgroupfs", ({ id }) => `default/${id}`, nerdctl],
  [
    "kubernetes, containerd, systemd, guaranteed",
    ({ id, uid }) => `${podSlice("", uid)}/cri-containerd-${id}.scope`,
    containerd,
  ],
  [
    "kubernetes, containerd, systemd, burstable",
    ({ id, uid }) => `${podSlice("burstable", uid)}/cri-containerd-${id}.scope`,
    containerd,
  ],
  [
    "kubernetes, containerd, systemd, a kubelet's own slice",
    ({ id, uid }) => `${podSlice("burstable", uid, "kubelet")}/cri-containerd-${id}.scope`,
    containerd,
  ],
  ["kubernetes, containerd, cgroupfs, guaranteed", ({ id, uid }) => `kubepods/pod${uid}/${id}`, containerd],
  ["kubernetes, containerd, cgroupfs, burstable", ({ id, uid }) => `kubepods/burstable/pod${uid}/${id}`, containerd],
  [
    "kubernetes, containerd, drivers mixed up",
    ({ id, uid }) =>
      `system.slice/containerd.service/${podSlice("burstable", uid).split("/").at(-1)}:cri-containerd:${id}`,
    containerd,
  ],
  ["kubernetes, cri-o, systemd, guaranteed", ({ id, uid }) => `${podSlice("", uid)}/crio-${id}.scope`, crio],
  ["kubernetes, cri-o, systemd, burstable", ({ id, uid }) => `${podSlice("burstable", uid)}/crio-${id}.scope`, crio],
  ["kubernetes, cri-o, cgroupfs, guaranteed", ({ id, uid }) => `kubepods/pod${uid}/crio-${id}`, crio],
  ["kubernetes, cri-o, cgroupfs, besteffort", ({ id, uid }) => `kubepods/besteffort/pod${uid}/crio-${id}`, crio],
];

/** A container in each layout. They are called NAME-0 and on, and so are the pods, in the namespace shop, of those that are in one. */
export function layouts(name: string): LaidOut[] {
  return LAYOUTS.map(([how, cgroup, file], i) => {
    const id = containerId();
    const called = { id, name: `${name}-${i}`, uid: `9f1c2c0e-7a5d-4c0b-9d0e-${id.slice(0, 12)}` };
    const pod = how.startsWith("kubernetes") && { pod: `shop/${called.name}`, podUid: called.uid };
    return { how, id, name: called.name, ...pod, cgroup: cgroup(called), ...file(called) };
  });
}
