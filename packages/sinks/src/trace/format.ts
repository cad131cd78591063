import { type EventStream, type Fields, type Lost, printableJson, Table } from "@rxbpf/core";
import { originOf, type Unit, who } from "@rxbpf/core/events";
import type { Observable } from "rxjs";

import { jsonText } from "../json-text.js";
import type { Format } from "../sink.js";
import { asRow, type Row } from "../table.js";
import { Programs, type Span } from "./programs.js";

/** A time of an event: Unix milliseconds, or Unix nanoseconds. */
export type Time = number | bigint;

/** Fields that tell how long an event took, until its time. */
const TOOK = /^(?:latency|duration)/;
const US: Readonly<Partial<Record<Unit, number>>> = { ns: 1e-3, us: 1, ms: 1e3, s: 1e6 };

/** The format of `toTrace`. */
export class TraceFormat<E> implements Format<E> {
  readonly #probe: string;
  readonly #fields: Fields;
  /** The field that tells how long an event took, and how many microseconds its unit has. */
  readonly #took: readonly (readonly [name: string, us: number])[];
  readonly #programs = new Programs();
  /** The last name of each thread that was written. */
  readonly #names = new Map<number, string>();
  #start: Time | undefined;
  /** Microseconds from the start to the last event. */
  #last = 0;
  #spans = 0;
  #isFirst = true;

  constructor(source: Observable<E>) {
    const origin: EventStream<unknown> | undefined = originOf(source);
    this.#probe = origin?.info.name ?? "";
    this.#fields = origin?.info.schema.fields ?? {};
    this.#took = Object.entries(this.#fields).flatMap(([name, { unit }]) => {
      const us = unit && US[unit];
      return us !== undefined && TOOK.test(name) ? [[name, us] as const] : [];
    });
  }

  head(): string {
    return '{"displayTimeUnit":"ns","traceEvents":[\n';
  }

  row(event: E): string {
    if (event instanceof Table)
      throw new TypeError(`Cannot write tables as a trace; trace events, not ${this.#probe || "counts"}`);
    const row = asRow(event);
    const { time } = row;
    if (typeof time !== "number" && typeof time !== "bigint")
      throw new TypeError("Cannot write a row as a trace event: it has no time");
    const at = (this.#last = this.#since(time));
    const spans = this.#programs.take(row, at, (past) => this.#since(past as Time));
    return this.#nameOf(row) + spans.map((span) => this.#span(span)).join("") + this.#event(row, at);
  }

  lost({ time, count, reason }: Lost): string {
    const ts = this.#start === undefined ? 0 : this.#since(time);
    const name = `LOST ${count} events: ${reason}`;
    return this.#entry({ name, cat: "losses", ph: "i", s: "g", ts, pid: 0, tid: 0 });
  }

  tail(): string {
    const spans = this.#programs.end(this.#last).map((span) => this.#span(span));
    const start = this.#start === undefined ? undefined : isoText(this.#start);
    return `${spans.join("")}\n],"otherData":${jsonText({ exporter: "rxbpf", start })}}\n`;
  }

  /** Microseconds from the first event. What was before it begins with it. */
  #since(time: Time): number {
    this.#start ??= time;
    if (typeof time === "bigint") return Math.max(0, Number(time - BigInt(this.#start)) / 1e3);
    return Math.max(0, Math.round((time - Number(this.#start)) * 1e6) / 1e3);
  }

  /** The entry that names a thread, if its name is new. */
  #nameOf(row: Row): string {
    const { pid, tid = pid, comm } = row;
    if (typeof pid !== "number" || typeof tid !== "number" || typeof comm !== "string") return "";
    if (this.#names.get(tid) === comm) return "";
    this.#names.set(tid, comm);
    const name = pid === tid ? "process_name" : "thread_name";
    return this.#entry({ name, ph: "M", ts: 0, pid, tid, args: { name: comm } });
  }

  #span({ name, pid, from, to, args }: Span): string {
    return this.#entry({ name, cat: "programs", ph: "X", ts: from, dur: rounded(to - from), pid, tid: pid, args });
  }

  #event(row: Row, at: number): string {
    const cat = typeof row["probe"] === "string" ? row["probe"] : this.#probe;
    const label = this.#label(row);
    const given = {
      name: label === "" ? cat || "event" : label,
      cat,
      pid: row["pid"] ?? 0,
      tid: row["tid"] ?? row["pid"] ?? 0,
    };
    const args = Object.fromEntries(Object.entries(row).filter(([name]) => !(name in who) && name !== "probe"));
    const [took, us] = this.#took.find(([name]) => typeof row[name] === "number") ?? [];
    if (took === undefined) return this.#entry({ ...given, ph: "i", s: "t", ts: at, args });
    const id = ++this.#spans;
    const from = Math.max(0, at - (row[took] as number) * us!);
    return (
      this.#entry({ ...given, ph: "b", id, ts: rounded(from), args }) + this.#entry({ ...given, ph: "e", id, ts: at })
    );
  }

  /** What an event is about: its first text, or the other end of its connection. */
  #label(row: Row): string {
    for (const [name, { kind }] of Object.entries(this.#fields)) {
      const value = row[name];
      if (kind === "text" && name !== "probe" && typeof value === "string" && value !== "") return value;
      if (kind === "address" && name === "remoteAddress" && typeof value === "string")
        return `${value}:${(row["remotePort"] as number | undefined) ?? ""}`;
    }
    return "";
  }

  #entry(entry: Row): string {
    const before = this.#isFirst ? "" : ",\n";
    this.#isFirst = false;
    return before + printableJson(jsonText(entry));
  }
}

function rounded(us: number): number {
  return Math.round(us * 1e3) / 1e3;
}

/** A time in ISO 8601, in UTC. */
function isoText(time: Time): string {
  if (typeof time === "number") return new Date(time).toISOString();
  const fraction = String(time % 1_000_000_000n).padStart(9, "0");
  return `${new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19)}.${fraction}Z`;
}
