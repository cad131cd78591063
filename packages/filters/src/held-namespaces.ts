import { closeSync } from "node:fs";

import { printable } from "@rxbpf/core";
import { BpfMap, MapType } from "@rxbpf/core/bpf";

import { keyOf } from "./keys.js";
import {
  isNamespaceId,
  type NamespaceKind,
  openNamespace,
  openNamespaceById,
  openNamespaceOf,
  type OpenNamespace,
} from "./namespaces.js";
import type { Selector } from "./selectors.js";

/**
 * The namespaces that selectors of one kind choose, in a map that a trace is narrowed to. They are held: the kernel gives the number
 * of one that is gone to another.
 */
export class HeldNamespaces {
  readonly map: BpfMap;
  readonly selectors: readonly Selector[];
  readonly #held: OpenNamespace[] = [];

  /**
   * Needs CAP_BPF. The caller closes it.
   * @param tell gets lines for a person: of a namespace that is not there
   * @throws Error for a process that there is not, and for a path that is no such namespace
   */
  constructor(kind: NamespaceKind, selectors: readonly Selector[], tell: (message: string) => void) {
    this.selectors = selectors;
    const shape = { type: MapType.hash, keySize: 8, valueSize: 4, maxEntries: selectors.length };
    this.map = BpfMap.create({ ...shape, name: `${kind}_ns_set` });
    try {
      for (const selector of selectors) {
        const opened = open(kind, selector);
        if (!opened) {
          tell(`no process is in the ${printable(String(selector))}: it shows nothing`);
          continue;
        }
        this.#held.push(opened);
        this.map.update(keyOf(opened.id), new Uint8Array(4));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Lets go of them. */
  close(): void {
    for (const { fd } of this.#held.splice(0)) closeSync(fd);
    this.map.close();
  }
}

/** The ids of the namespaces that selectors choose now. @throws as `HeldNamespaces` */
export function namespaceIds(kind: NamespaceKind, selectors: readonly Selector[]): Set<number> {
  const found = selectors.flatMap((selector) => open(kind, selector) ?? []);
  for (const { fd } of found) closeSync(fd);
  return new Set(found.map(({ id }) => id));
}

/** Opens a namespace, by a process in it or by its path. Undefined for an inode that is not there. */
function open(kind: NamespaceKind, { word }: Selector): OpenNamespace | undefined {
  if (!/^\d+$/.test(word)) return openNamespace(kind, word);
  const id = Number(word);
  return isNamespaceId(id) ? openNamespaceById(kind, id) : openNamespaceOf(kind, id);
}
