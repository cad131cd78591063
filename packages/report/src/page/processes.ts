import type { PageData } from "../format.js";
import { type NamedColumn, named, type Page, type Series, type Span } from "./data.js";

/** A program in a process, as events and the recordings' snapshots tell of it. */
export interface Process extends Span {
  readonly execId: number;
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  /** Its command line; empty if it is not known. */
  readonly command: string;
  /** Whether its start was seen, and its end: else it ran before its first event, or after its last. */
  readonly hasStart: boolean;
  readonly hasEnd: boolean;
}

/** The programs of all events, by `execId`. */
export type Processes = ReadonlyMap<number, Process>;

type Found = { -readonly [K in keyof Process]: Process[K] };

/** By convention, the arguments of an exec, and the start of a process that has ended. */
const ARGUMENTS = "args";
const START = "startTime";

/**
 * Puts together what all series tell of programs. An event with arguments is the exec that began its program; one with
 * the start of its process is that process's exit.
 */
export function processesOf({ series, processes }: Page): Processes {
  const found = new Map<number, Found>();
  for (const one of series) addEvents(one, found);
  for (const one of series) addEnds(one, found);
  addNames(processes, found);
  return found;
}

function addEvents(series: Series, found: Map<number, Found>): void {
  const [execId, pid, ppid, comm] = ["execId", "pid", "ppid", "comm"].map((name) => named(series, name));
  const { time } = series;
  if (!execId || !pid || !ppid || !comm || !time) return;
  const args = named(series, ARGUMENTS);
  const ret = named(series, "ret");
  const own: (Found | undefined)[] = execId.dictionary.map((id) => found.get(id as number));
  for (let row = 0; row < series.kept; row++) {
    const id = execId.values[row]!;
    const at = time[row]!;
    let one = own[id];
    if (!one) {
      const value = (column: NamedColumn): unknown => column.dictionary[column.values[row]!];
      const ids = { execId: execId.dictionary[id] as number, pid: value(pid) as number, ppid: value(ppid) as number };
      const seen = { from: at, to: at, hasStart: false, hasEnd: false };
      found.set(ids.execId, (one = own[id] = { ...ids, comm: String(value(comm)), command: "", ...seen }));
    }
    if (at < one.from && !one.hasStart) one.from = at;
    if (at > one.to) one.to = at;
    const began = args !== undefined && Number(ret?.dictionary[ret.values[row]!] ?? 0) >= 0;
    if (!began || one.hasStart) continue;
    one.command = String(args.dictionary[args.values[row]!]);
    one.comm = String(comm.dictionary[comm.values[row]!]);
    one.from = at;
    one.hasStart = true;
  }
}

function addEnds(series: Series, found: ReadonlyMap<number, Found>): void {
  const execId = named(series, "execId");
  const start = series.columns.find(({ name, kind, dictionary }) => name === START && kind === "time" && !dictionary);
  if (!execId || !start) return;
  for (let row = 0; row < series.kept; row++) {
    const one = found.get(execId.dictionary[execId.values[row]!] as number);
    if (!one) continue;
    one.hasEnd = true;
    if (one.hasStart) continue;
    one.from = start.values[row]! / 1e6;
  }
}

function addNames(processes: PageData["processes"], found: ReadonlyMap<number, Found>): void {
  for (const { execId, comm, command, start } of processes) {
    const one = found.get(execId);
    if (!one || one.hasStart) continue;
    one.command ||= command;
    one.comm ||= comm;
    if (!one.hasEnd) one.from = Math.min(one.from, start);
  }
}
