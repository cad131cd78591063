import { closeSync, fstatSync, readSync } from "node:fs";

import { askSocket, openRegular } from "@rxbpf/core/system";

import type { CgroupName } from "./cgroup-name.js";

/** What a container is called. Set by whoever made it: nothing to trust. */
export interface ContainerName {
  /** As its engine has it; of a container in a pod, as that has it. */
  readonly name?: string;
  /** `NAMESPACE/NAME`. */
  readonly pod?: string;
}

/** Where engines keep the state of a container that runs under an OCI runtime, each directory called by its id. */
const BUNDLES = [
  "/run/containerd/io.containerd.runtime.v2.task/k8s.io",
  "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io",
  "/run/containerd/io.containerd.runtime.v2.task/default",
  "/run/containers/storage/overlay-containers",
  "/var/lib/containers/storage/overlay-containers",
];
/** Where Docker keeps its own files, by id: root's, and below the home of a user who runs it without root. */
const DOCKER = { ofRoot: "/var/lib/docker/containers", ofUser: ".local/share/docker/containers" };
/** Where Podman keeps its lists of containers, below a directory that is called by what stores images. */
const PODMAN = { ofRoot: "/var/lib/containers/storage", ofUser: ".local/share/containers/storage" };
const DRIVERS = ["overlay", "vfs", "btrfs", "zfs"];
/** The second has those that `podman run --rm` made. */
const PODMAN_LISTS = ["containers.json", "volatile-containers.json"];

/** The annotations and labels that say what a container and its pod are called, as containerd, CRI-O, the kubelet and nerdctl set them. */
const NAME_KEYS = ["io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name"];
const POD_KEYS = ["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"];
const NAMESPACE_KEYS = ["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"];

const MOST_FILE_BYTES = 16 * 2 ** 20;
const MOST_ANSWER_BYTES = 64 * 2 ** 20;
const ANSWER_SECONDS = 2;

type Labels = Readonly<Record<string, unknown>>;

/**
 * What engines call their containers, by the files that they keep, and where those tell nothing by Docker's socket. It
 * looks once for each container, so make a new one to look again. It blocks meanwhile: files are small, and the socket is asked once.
 */
export class ContainerNames {
  readonly #root: string;
  readonly #socket: string;
  readonly #found = new Map<string, ContainerName>();
  #asked: ReadonlyMap<string, ContainerName> | undefined;
  readonly #lists = new Map<string, ReadonlyMap<string, ContainerName>>();

  /**
   * @param root of the file system that the engines' files are in
   * @param socket Docker's; if not given what `DOCKER_HOST` says, else `/var/run/docker.sock`
   */
  constructor(root: string = "", socket: string = dockerSocket(root)) {
    this.#root = root;
    this.#socket = socket;
  }

  /** Empty where nobody tells. Does not throw: what cannot be read tells nothing. */
  of({ containerId: id, engine, uid }: CgroupName): ContainerName {
    if (id === undefined) return {};
    let found = this.#found.get(id);
    if (!found) {
      found = this.#look(id, engine, uid) ?? {};
      this.#found.set(id, found);
    }
    return found;
  }

  #look(id: string, engine: CgroupName["engine"], uid: number | undefined): ContainerName | undefined {
    const ofPodman = engine === undefined || engine === "podman";
    const ofDocker = engine === undefined || engine === "docker";
    return (
      (ofDocker ? dockerFile(this.#json(`${this.#place(DOCKER, uid)}/${id}/config.v2.json`)) : undefined) ??
      (ofPodman ? this.#podman(uid).get(id) : undefined) ??
      this.#bundle(id) ??
      (ofDocker ? this.#docker().get(id) : undefined)
    );
  }

  #bundle(id: string): ContainerName | undefined {
    for (const directory of BUNDLES) {
      for (const file of ["config.json", "userdata/config.json"]) {
        const config = this.#json(`${directory}/${id}/${file}`) as { annotations?: Labels } | undefined;
        const name = config?.annotations && labelled(config.annotations);
        if (name) return name;
      }
    }
    return undefined;
  }

  /** Podman's lists. */
  #podman(uid: number | undefined): ReadonlyMap<string, ContainerName> {
    const storage = this.#place(PODMAN, uid);
    let found = this.#lists.get(storage);
    if (!found) {
      const files = DRIVERS.flatMap((driver) => PODMAN_LISTS.map((list) => `${storage}/${driver}-containers/${list}`));
      found = new Map(files.flatMap((file) => [...podmanList(this.#json(file))]));
      this.#lists.set(storage, found);
    }
    return found;
  }

  /** Where an engine keeps its files: root's, or where the cgroup is a user's that user's. */
  #place({ ofRoot, ofUser }: typeof DOCKER, uid: number | undefined): string {
    const home = uid === undefined ? undefined : this.#homeOf(uid);
    return home === undefined ? ofRoot : `${home}/${ofUser}`;
  }

  #homeOf(uid: number): string | undefined {
    const line = new RegExp(`^[^:]*:[^:]*:${uid}:[^:]*:[^:]*:([^:]*):`, "m");
    return line.exec(this.#text("/etc/passwd") ?? "")?.[1];
  }

  /** What Docker says of all that there are: one that is being started does not count as running yet. */
  #docker(): ReadonlyMap<string, ContainerName> {
    return (this.#asked ??= entries(() => {
      // A server of HTTP 1.0 closes when it has told all, and sends it in one piece.
      const request = "GET /containers/json?all=1 HTTP/1.0\r\nHost: docker\r\n\r\n";
      const answer = askSocket(this.#socket, request, MOST_ANSWER_BYTES, ANSWER_SECONDS).toString();
      const [head = "", ...body] = answer.split("\r\n\r\n");
      if (!/^HTTP\/1\.\d 200 /.test(head)) return [];
      const containers = JSON.parse(body.join("\r\n\r\n")) as readonly {
        Id: string;
        Names: string[];
        Labels?: Labels;
      }[];
      return containers.map(({ Id, Names, Labels = {} }) => [Id, labelled(Labels) ?? named(Names[0]?.slice(1))]);
    }));
  }

  #json(path: string): unknown {
    const text = this.#text(path);
    try {
      return text === undefined ? undefined : JSON.parse(text);
    } catch {
      return undefined; // it is being written, or another program's
    }
  }

  #text(path: string): string | undefined {
    try {
      return textOf(this.#root + path);
    } catch {
      return undefined; // there is none, it is not for this user, or it is no engine's
    }
  }
}

/** Some of the files are users', who may put anything there: what is read is a file, and no large one. */
function textOf(path: string): string {
  const fd = openRegular(path);
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, MOST_FILE_BYTES));
    return bytes.toString("utf8", 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}

function dockerSocket(root: string): string {
  const host = process.env["DOCKER_HOST"];
  return host?.startsWith("unix://") ? host.slice("unix://".length) : `${root}/var/run/docker.sock`;
}

function dockerFile(file: unknown): ContainerName | undefined {
  const { Name, Config } = (file ?? {}) as { Name?: unknown; Config?: { Labels?: Labels } };
  return labelled(Config?.Labels ?? {}) ?? (typeof Name === "string" ? named(Name.replace(/^\//, "")) : undefined);
}

function podmanList(list: unknown): ReadonlyMap<string, ContainerName> {
  const containers = list as readonly { id: string; names?: string[] }[] | undefined;
  return entries(() => containers?.map(({ id, names }) => [id, named(names?.[0])]));
}

/** What annotations say; undefined where they say nothing. */
function labelled(labels: Labels): ContainerName | undefined {
  const first = (keys: readonly string[]): string | undefined =>
    keys.map((key) => labels[key]).find((value): value is string => typeof value === "string" && value !== "");
  const [name, pod, namespace] = [first(NAME_KEYS), first(POD_KEYS), first(NAMESPACE_KEYS)];
  if (name === undefined && pod === undefined) return undefined;
  return { ...named(name), ...(pod !== undefined && { pod: `${namespace ?? "default"}/${pod}` }) };
}

function named(name: string | undefined): ContainerName {
  return typeof name === "string" && name !== "" ? { name } : {};
}

/** What others wrote may have any shape: then it tells nothing. */
function entries(read: () => readonly (readonly [string, ContainerName])[] | undefined): Map<string, ContainerName> {
  try {
    return new Map(read());
  } catch {
    return new Map();
  }
}
