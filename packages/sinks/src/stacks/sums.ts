import { type EventStream, type Frame, Table } from "@rxbpf/core";
import { CUT, looksCut, originOf, type Unit } from "@rxbpf/core/events";
import type { Observable } from "rxjs";

/** What is counted at each stack. */
export interface Amount {
  readonly name: string;
  /** Undefined for a number of things. */
  readonly unit: Unit | undefined;
}

/** A stack of a thread, with what was counted there in all tables together. */
export interface StackSum {
  readonly pid: number | undefined;
  readonly comm: string;
  /** From the outermost to the innermost, the user's before the kernel's. A stack that looks cut begins with a frame `[cut]`. */
  readonly frames: readonly Frame[];
  /** In the order of the amounts. */
  readonly sums: number[];
}

/** Sums over the tables of a stream, for formats that hold one number for each stack. */
export class StackSums {
  /** What a table counts; the first is what the others come second to. */
  readonly amounts: readonly Amount[];
  /** The probe that counted. */
  readonly probe: string;
  /** The fields that hold stacks, the user's first. */
  readonly #stacks: readonly { readonly name: string; readonly isUser: boolean }[];
  readonly #sums = new Map<string, StackSum>();
  /** Unix milliseconds of the first and the last table. */
  #from: number | undefined;
  #to: number | undefined;

  /** @throws TypeError if the source's events have no stacks, or come from several probes */
  constructor(source: Observable<unknown>) {
    const origin: EventStream<unknown> | undefined = originOf(source);
    const fields = origin?.info.schema.fields ?? {};
    this.probe = origin?.info.name ?? "";
    // As `replay` marks the rows of several probes, whose numbers mean different things.
    if (Object.hasOwn(fields, "probe"))
      throw new TypeError(
        "Cannot write stacks: the recordings come from several probes; export those of each probe by themselves",
      );
    const names = Object.keys(fields);
    const stacks = names.filter((name) => fields[name]!.kind === "stack");
    this.#stacks = stacks
      .map((name) => ({ name, isUser: fields[name]!.space === "user" }))
      .toSorted((a, b) => Number(b.isUser) - Number(a.isUser));
    if (stacks.length === 0)
      throw new TypeError(`Cannot write stacks: ${this.probe || "the stream"} has none; use profile or offcputime`);
    // In a table what is counted comes after its key.
    const last = names.indexOf(stacks.at(-1)!);
    this.amounts = names.slice(last + 1).flatMap((name) => {
      const { kind, unit } = fields[name]!;
      return NUMBERS.has(kind) ? [{ name, unit }] : [];
    });
  }

  /** Every stack, in the order in which they came first. */
  get all(): readonly StackSum[] {
    return [...this.#sums.values()];
  }

  /** Unix milliseconds of the first and the last table; undefined if there was none. */
  get span(): readonly [from: number, to: number] | undefined {
    return this.#from === undefined ? undefined : [this.#from, this.#to!];
  }

  /** Takes a table. @throws TypeError for anything else */
  add(table: unknown): void {
    if (!(table instanceof Table)) throw new TypeError("Cannot write stacks: the stream has no tables any more");
    this.#from ??= table.time;
    this.#to = table.time;
    for (const row of table.rows as readonly Readonly<Record<string, unknown>>[]) this.#row(row);
  }

  #row(row: Readonly<Record<string, unknown>>): void {
    const comm = typeof row["comm"] === "string" ? row["comm"] : "";
    const pid = typeof row["pid"] === "number" ? row["pid"] : undefined;
    const frames = this.#stacks.flatMap(({ name, isUser }) =>
      outermostFirst((row[name] ?? []) as readonly Frame[], isUser),
    );
    const key = JSON.stringify([pid, comm, ...frames.map(({ name, module, source }) => [name, module, source])]);
    let known = this.#sums.get(key);
    if (!known) this.#sums.set(key, (known = { pid, comm, frames, sums: this.amounts.map(() => 0) }));
    this.amounts.forEach(({ name }, i) => (known.sums[i]! += Number(row[name] ?? 0)));
  }
}

/** The kernel's stacks are whole. */
function outermostFirst(stack: readonly Frame[], isUser: boolean): readonly Frame[] {
  const cut = isUser && stack.length > 0 && looksCut(stack) ? [CUT_FRAME] : [];
  return [...cut, ...stack.toReversed()];
}

const CUT_FRAME: Frame = { name: CUT, offset: 0, module: "", address: "0x0" };

const NUMBERS: ReadonlySet<string> = new Set(["u8", "u16", "u32", "i32", "u64", "i64", "f64"]);
