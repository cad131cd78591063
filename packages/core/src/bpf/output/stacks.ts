import type { BpfMap } from "../../ffi/map.js";
import type { Field, Fields } from "../../schema/field.js";
import type { Frame } from "../../values/frame.js";
import { Symbolizer } from "../../symbols/symbolizer.js";

type Row = Readonly<Record<string, unknown>>;

/** The stacks of a table's rows. The kernel stores each stack once, and rows have its number. */
export class Stacks {
  readonly #map: BpfMap;
  readonly #fields: readonly (readonly [string, Field<unknown>])[];
  readonly #symbolizer: Symbolizer;
  /** Addresses by number. A number belongs to one stack for the lifetime of the map. */
  readonly #addresses = new Map<number, readonly bigint[]>();

  /** @param notify receives in one line why addresses cannot be named */
  constructor(map: BpfMap, fields: Fields, notify: (message: string) => void) {
    this.#map = map;
    this.#fields = stackFields(fields);
    this.#symbolizer = new Symbolizer({ onNotice: notify });
  }

  /** Notes what is needed to name the stacks of a row's process once it has ended. */
  note(row: Row): void {
    const isUsers = this.#fields.some(([name, { space }]) => space === "user" && Number(row[name]) >= 0);
    if (isUsers && typeof row["pid"] === "number") this.#symbolizer.note(row["pid"]);
  }

  /** The row with frames in place of its stacks' numbers. */
  named<R extends Row>(row: R): R {
    const stacks = this.#fields.map(([name, { space }]) => [name, this.#frames(Number(row[name]), space, row)]);
    return { ...row, ...Object.fromEntries(stacks) };
  }

  close(): void {
    this.#symbolizer.close();
  }

  #frames(id: number, space: "kernel" | "user" | undefined, { pid }: Row): readonly Frame[] {
    const addresses = this.#addressesOf(id);
    if (space === "user") return this.#symbolizer.user(Number(pid), addresses);
    const frames = this.#symbolizer.kernel(addresses);
    const first = frames.findIndex((frame) => !isTracing(frame));
    return first > 0 ? frames.slice(first) : frames;
  }

  #addressesOf(id: number): readonly bigint[] {
    const known = this.#addresses.get(id);
    if (known) return known;
    // A negative number is an error: there is no stack.
    const value = id < 0 ? undefined : this.#map.lookup(new Uint8Array(Uint32Array.of(id).buffer));
    const all = value ? [...new BigUint64Array(value.buffer, value.byteOffset, value.length >>> 3)] : [];
    const end = all.indexOf(0n);
    const addresses = end < 0 ? all : all.slice(0, end);
    this.#addresses.set(id, addresses);
    return addresses;
  }
}

/** Whether a frame belongs to the program that took the stack, or to the kernel's code that called it. */
function isTracing({ name, module }: Frame): boolean {
  return module === "[bpf]" || /^(?:bpf_trace_run\d|__bpf_trace_|__traceiter_)/.test(name);
}

/** The fields that are stacks. */
export function stackFields(fields: Fields): readonly (readonly [string, Field<unknown>])[] {
  return Object.entries(fields).filter(([, { kind }]) => kind === "stack");
}
