import { cgroupNames } from "./cgroup-names.js";
import type { Field, Fields } from "./field.js";
import { KINDS } from "./kinds.js";
import { chars } from "./kinds/chars.js";
import { u16, u32, u64 } from "./kinds/integers.js";
import { time } from "./kinds/time.js";
import type { Unit } from "./unit.js";

/**
 * A schema gives the fields of an event their names, meaning and types. It does not give their place in a record: that
 * is read from the compiled program.
 */

/** The fields of one struct of a program. */
export interface Schema<F extends Fields = Fields> {
  /** The struct's name in C. */
  readonly struct: string;
  readonly fields: F;
}

/** The row that a schema describes. */
export type EventOf<S> = S extends Schema<infer F> ? RowOf<F> : never;
/** The type of a row with these fields. */
export type RowOf<F extends Fields> = Flat<
  { readonly [K in keyof F as F[K] extends Added ? never : K]: ValueOf<F[K]> } & {
    readonly [K in keyof F as F[K] extends Added ? K : never]?: ValueOf<F[K]>;
  }
>;
type Added = { readonly optional: true };
type ValueOf<F> = F extends Field<infer T> ? T : never;
type Flat<T> = { [K in keyof T]: T[K] };

/** Describes the struct `struct` of a program. The field `cgroupId` stands for the C member `cgroup_id`. */
export function schema<F extends Fields>(struct: string, fields: F): Schema<F> {
  return { struct, fields };
}

/**
 * Makes an event of a schema, for tests. It has the given values, and 0, false or an empty value in all other fields
 * but optional ones: `sampleEvent(openEvent, { comm: "cat", ret: -2 })`
 */
export function sampleEvent<F extends Fields>(schema: Schema<F>, values: Partial<RowOf<F>> = {}): RowOf<F> {
  const blank = Object.entries(schema.fields)
    .filter(([, { optional }]) => !optional)
    .map(([name, field]) => [name, KINDS[field.kind].blank(field)]);
  return { ...Object.fromEntries(blank), ...values } as RowOf<F>;
}

/** A number with a unit. */
export function measured(field: Field<number>, unit: Unit): Field<number> {
  return { ...field, unit };
}
/** A number in a per-processor table, of which a row gets the greatest of all processors' values. */
export function greatest(field: Field<number>): Field<number> {
  return { ...field, merge: "greatest" };
}
/**
 * A number in a per-processor table, of which a row gets the least of all processors' values. 0 means no value yet and
 * is left out.
 */
export function least(field: Field<number>): Field<number> {
  return { ...field, merge: "least" };
}

/** An optional field: no program writes it, and this process adds it to some rows. */
export function optional<T>(added: Field<T>): Field<T> & { readonly optional: true } {
  return { ...added, optional: true };
}

/**
 * The first fields of every event, which tell what caused it: `struct who` of bpf/include/event.bpf.h. All ids are the
 * machine's: those of its first pid, user and cgroup namespace, wherever the tracer runs.
 */
export const who = {
  time: time("when, in Unix milliseconds"),
  pid: u32("process id"),
  tid: u32("thread id"),
  ppid: u32("parent's process id"),
  execId: u64("which program in which process: another after each exec, and for each process that gets a pid again"),
  uid: u32("real user id"),
  comm: chars("name of the thread, at most 15 bytes"),
  cgroupId: u64("id of the process's cgroup in the v2 hierarchy"),
  mntnsId: u32("inode number of the process's mount namespace"),
  cpu: u16("processor that it ran on"),
  ...cgroupNames,
} as const;
