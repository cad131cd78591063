import { isNamespaceId, namesNow, type OneOrMore, Selector, SELECTOR_MAKERS, type WordedKind } from "@rxbpf/filters";

import { all, list, type Option, show, UsageError } from "./options.js";
import { type Selecting, selecting } from "./selection.js";

/** A kind that is named by numbers too. */
type Numbered = "mntns" | "netns" | "tree";

/** Kinds whose names can be listed. */
const NAMED: readonly WordedKind[] = ["unit", "container", "pod", "netns"];

/** Words of a kind of selector; the flag may be given several times. */
export function words(kind: Numbered, help: string, value: string): Option<OneOrMore<number | string>>;
export function words(kind: WordedKind, help: string, value: string): Option<OneOrMore<string>>;
export function words(kind: WordedKind, help: string, value: string): Option<OneOrMore<string>> {
  const texts = list(help, { value });
  const takesNumbers = kind === "mntns" || kind === "netns" || kind === "tree";
  return {
    ...texts,
    // Chosen in the kernel by its cgroup, and in a recording by what it says of that: see `recordedView`.
    ...(!takesNumbers && { selection: { field: "cgroupId" } }),
    ...(NAMED.includes(kind) && { choices: () => namesNow(kind)! }),
    parse(given, name) {
      const words: unknown[] = Array.isArray(given) ? given : [given];
      const parsed = texts.parse(takesNumbers ? words.map(asText) : words, name);
      for (const word of parsed) {
        try {
          SELECTOR_MAKERS[kind](word);
        } catch (cause) {
          throw new UsageError((cause as Error).message, { cause });
        }
      }
      return parsed;
    },
  };
}

function asText(word: unknown): unknown {
  return typeof word === "number" ? String(word) : word;
}

/**
 * Words of a kind of namespace. Of recorded events an inode alone can select, as they have no other word for one; of which
 * namespace, says their field `mntnsId` or `netnsId`.
 */
export function namespace(kind: "mntns" | "netns", help: string): Selecting<OneOrMore<number | string>> {
  const field = `${kind}Id` as const;
  return selecting(words(kind, help, "PID|INODE|PATH"), {
    constants: () => ({}),
    field,
    matches: (given, event: { readonly [F in typeof field]?: number }) =>
      all(given).map(Number).includes(event[field]!),
    checkRecorded(given, name) {
      const other = all(given).find((word) => !isNamespaceId(Number(word)));
      if (other !== undefined) throw new UsageError(`${name} takes an inode with a recording, not ${show(other)}`);
    },
  });
}

/** A selector or several, which only a program can give. */
export function selectors(help: string): Option<OneOrMore<Selector>> {
  return {
    kind: "object",
    help,
    parse(given, name) {
      const all: readonly unknown[] = Array.isArray(given) ? given : [given];
      if (all.length === 0 || !all.every((one) => one instanceof Selector))
        throw new UsageError(`${name} takes selectors, such as container("web"), not ${show(given)}`);
      return given as OneOrMore<Selector>;
    },
  };
}
