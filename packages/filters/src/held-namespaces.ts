import { closeSync, fstatSync, openSync } from "node:fs";

import { BpfMap, MapType } from "@rxbpf/core/bpf";

import { errorCode } from "./file-systems.js";
import { keyOf } from "./keys.js";
import { isNamespaceId, liveMountNamespaces, mountNamespaceOfProcess } from "./mount-namespaces.js";
import type { Selector } from "./selectors.js";

/**
 * The mount namespaces that selectors choose, in a map that a trace is narrowed to. They are held: the kernel gives the number
 * of one that is gone to another.
 */
export class HeldNamespaces {
  readonly map: BpfMap;
  readonly selectors: readonly Selector[];
  readonly #held: number[] = [];

  /**
   * Needs CAP_BPF. The caller closes it.
   * @param tell gets lines for a person: of a namespace that no process is in
   * @throws Error for a process that there is not
   */
  constructor(selectors: readonly Selector[], tell: (message: string) => void) {
    this.selectors = selectors;
    const shape = { type: MapType.hash, keySize: 8, valueSize: 4, maxEntries: selectors.length };
    this.map = BpfMap.create({ ...shape, name: "mount_ns_set" });
    try {
      for (const selector of selectors) {
        const fd = open(selector);
        if (fd === undefined) {
          tell(`no process is in the mount namespace ${selector.word}: it shows nothing`);
          continue;
        }
        this.#held.push(fd);
        this.map.update(keyOf(fstatSync(fd).ino), new Uint8Array(4));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Lets go of them. */
  close(): void {
    for (const fd of this.#held.splice(0)) closeSync(fd);
    this.map.close();
  }
}

/** The ids of the mount namespaces that selectors choose. @throws Error for a process that there is not */
export function namespaceIds(selectors: readonly Selector[]): Set<number> {
  return new Set(
    selectors.map(({ word }) => (isNamespaceId(Number(word)) ? Number(word) : mountNamespaceOfProcess(Number(word)))),
  );
}

/** Opens a namespace, by a process in it. Undefined for an inode where no process is. */
function open({ word }: Selector): number | undefined {
  const id = Number(word);
  if (!isNamespaceId(id)) {
    mountNamespaceOfProcess(id); // says what is wrong
    return openSync(`/proc/${id}/ns/mnt`, "r");
  }
  for (const { pid } of liveMountNamespaces().get(id) ?? []) {
    const fd = openIfThere(`/proc/${pid}/ns/mnt`);
    if (fd !== undefined && fstatSync(fd).ino === id) return fd;
    if (fd !== undefined) closeSync(fd);
  }
  return undefined;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined; // it has ended
    throw error;
  }
}
