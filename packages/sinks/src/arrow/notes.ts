import type { Lost } from "@rxbpf/core";
import type { NamedCgroup } from "@rxbpf/core/events";

import { structureOf } from "./json-value.js";

/** Something that happened between the events of a recording. */
export type Note = Lost | Snapshot;

/** Processes and cgroups that ran when a recording began, or came later. Names the processes of events. */
export interface Snapshot {
  readonly type: "snapshot";
  /** Unix milliseconds. */
  readonly time: number;
  readonly processes: readonly SnapshotProcess[];
  readonly cgroups: readonly NamedCgroup[];
}

/** A process. Its first two fields match those of its events. */
export interface SnapshotProcess {
  readonly pid: number;
  readonly execId: number;
  /** When it started, in Unix milliseconds. */
  readonly start: number;
  readonly ppid: number;
  readonly uid: number;
  readonly comm: string;
  readonly args: readonly string[];
  readonly cgroupId: number;
  readonly mntnsId: number;
}

/** A note, and how many rows of its batch come before it. */
export interface Placed {
  readonly at: number;
  readonly note: Note;
}

/** Cuts a snapshot into several, so that the JSON of each has at most `bytes`, or one process or cgroup. */
export function inPieces(snapshot: Snapshot, bytes: number = Infinity): readonly Snapshot[] {
  if (bytes === Infinity) return [snapshot];
  const nothing = { ...snapshot, processes: [], cgroups: [] };
  return [
    ...groups(snapshot.processes, bytes).map((processes) => ({ ...nothing, processes })),
    ...groups(snapshot.cgroups, bytes).map((cgroups) => ({ ...nothing, cgroups })),
  ];
}

function groups<T>(all: readonly T[], most: number): T[][] {
  const found: T[][] = [];
  let bytes = Infinity;
  for (const one of all) {
    const more = Buffer.byteLength(JSON.stringify(one)) + 1;
    if (bytes + more > most) {
      found.push([]);
      bytes = 0;
    }
    found.at(-1)!.push(one);
    bytes += more;
  }
  return found;
}

/** Parses the notes in the metadata of a batch of `length` rows. @throws RangeError if they are damaged */
export function parseNotes(text: string, length: number): readonly Placed[] {
  // Limits the objects, as each takes far more memory than its brackets in the text. No honest note has that many.
  const tooMany = structureOf(text).containers > 1000 + text.length / 16;
  let values: unknown;
  try {
    values = tooMany ? undefined : JSON.parse(text);
  } catch {
    values = undefined;
  }
  if (!Array.isArray(values) || !values.every((value) => isPlaced(value, length)))
    throw new RangeError("The notes of a batch are damaged");
  return values as Placed[];
}

function isPlaced(value: unknown, length: number): value is Placed {
  if (!isRecord(value) || !isCount(value.at) || value.at > length || !isRecord(value.note)) return false;
  const { type, time, count, total, reason, processes, cgroups } = value.note;
  if (typeof time !== "number") return false;
  if (type === "lost") return isCount(count) && isCount(total) && typeof reason === "string";
  return type === "snapshot" && isListOf(processes, isProcess) && isListOf(cgroups, isCgroup);
}

function isListOf(value: unknown, fits: (one: Record<string, unknown>) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isRecord(one) && fits(one));
}

function isProcess(value: Record<string, unknown>): boolean {
  const { pid, execId, start, ppid, uid, comm, args, cgroupId, mntnsId } = value;
  const texts = Array.isArray(args) && args.every((arg) => typeof arg === "string");
  const numbers = [pid, execId, ppid, uid, cgroupId, mntnsId].every(isCount) && typeof start === "number";
  return texts && typeof comm === "string" && numbers;
}

function isCgroup({ id, path, ...names }: Record<string, unknown>): boolean {
  const texts = [names.container, names.unit, names.pod].filter((name) => name !== undefined);
  return isCount(id) && typeof path === "string" && texts.every((name) => typeof name === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
