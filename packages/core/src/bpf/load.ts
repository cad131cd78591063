import { isMainThread } from "node:worker_threads";

import { Btf } from "./btf.js";
import { requireCapabilities } from "./capabilities.js";
import { NotSupportedError, VerifierError } from "../errors.js";
import { possibleCpus } from "../ffi/cpus.js";
import type { BpfMap } from "../ffi/map.js";
import { BpfObject } from "../ffi/object.js";
import { forPreemptible, isPreemptible, PREEMPTIBLE } from "./preemption.js";
import type { Variant } from "./variant.js";

/**
 * A value for one of a program's `const volatile` switches. Text is padded with NULs. Undefined leaves the switch as it
 * is.
 */
export type Constant = number | boolean | string | ArrayBufferView | undefined;

/** Changes to an object between opening and loading it. */
export interface LoadOptions {
  readonly constants?: Readonly<Record<string, Constant>>;
  /** Existing maps to use in place of the object's own, by name. The caller must close them. */
  readonly maps?: Readonly<Record<string, BpfMap>>;
  /** The number of entries of the object's own maps, by name; for a ring, its bytes. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /** Maps of the object that are not created. The verifier refuses programs that can reach one. */
  readonly leaveOut?: readonly string[];
  /** Hash maps of the object that get a value for each processor. */
  readonly perCpu?: readonly string[];
  /**
   * Whether to use the programs for kernels that may preempt them at tracepoints; by default, whether this kernel may.
   */
  readonly preemptible?: boolean;
}

/** A compiled BPF object, with the ways to run it. */
export interface ObjectSpec {
  readonly name: string;
  /** The bytes of the `.bpf.o`. */
  readonly bytes: () => Uint8Array;
  /** Sets of programs, in order of preference. The first that this kernel accepts is used. */
  readonly variants: readonly Variant[];
}

/** A loaded object with its programs attached. */
export interface Loaded {
  readonly object: BpfObject;
  readonly btf: Btf;
  readonly variant: Variant;
}

/**
 * Loads and attaches the first variant that the kernel accepts. A variant is passed over if the verifier refuses it, or
 * if the kernel lacks a hook that it needs. Needs CAP_BPF and CAP_PERFMON. The caller must close the object.
 * @param check checks the object's types before anything reaches the kernel; may throw
 * @throws NotSupportedError, also in a worker thread; VerifierError; BpfError. Then nothing is left in the kernel
 */
export function load(image: ObjectSpec, patch: LoadOptions, check: (btf: Btf) => void = () => {}): Loaded {
  requireMainThread(image.name);
  const bytes = image.bytes();
  const refusals: Error[] = [];
  for (const variant of variantsOf(image, bytes, patch.preemptible ?? isPreemptible())) {
    const outcome = loadVariant(image.name, bytes, variant, patch, check);
    if (!(outcome instanceof Error)) return outcome;
    refusals.push(outcome);
  }
  // The last variant needs the fewest features.
  const last = refusals.at(-1);
  if (last && refusals.length === 1) throw last;
  throw new NotSupportedError(
    `Cannot trace with ${image.name}: this kernel accepts none of its ${refusals.length} variants; the last: ${last?.message}`,
    image.name,
    { cause: last },
  );
}

/** The variants in order of preference, in the form that this kernel needs. */
function variantsOf({ name, variants }: ObjectSpec, bytes: Uint8Array, preemptible: boolean): readonly Variant[] {
  if (!preemptible) return variants;
  const object = BpfObject.open(name, bytes);
  try {
    return variants.flatMap((variant) => forPreemptible(variant, object.programs));
  } finally {
    object.close();
  }
}

/**
 * A terminated worker runs no more code of ours: programs that it attached would stay as long as the process, and Node
 * crashes if a native poll handle outlives its thread.
 */
function requireMainThread(name: string): void {
  if (isMainThread) return;
  const advice = "subscribe in the main thread, and send the worker what it needs";
  throw new NotSupportedError(`Cannot trace with ${name} in a worker thread: ${advice}`, "worker threads");
}

/**
 * Loads one variant, or returns why the kernel refuses it. Throws errors that any variant would meet, such as a lack of
 * memory.
 */
function loadVariant(
  name: string,
  bytes: Uint8Array,
  variant: Variant,
  patch: LoadOptions,
  check: (btf: Btf) => void,
): Loaded | Error {
  const object = BpfObject.open(name, bytes);
  try {
    const btf = new Btf(object.btf);
    check(btf);
    requireCapabilities(`load ${name}`);
    apply(object, btf, patch);
    object.choose(variant.programs);
    if (!variant.programs.some((program) => program.includes(PREEMPTIBLE)))
      for (const map of object.maps.filter((one) => one.endsWith(PREEMPTIBLE))) object.leaveOutMap(map);
    const refusal = start(object, variant);
    if (refusal) object.close();
    return refusal ?? { object, btf, variant };
  } catch (error) {
    object.close();
    throw error;
  }
}

function start(object: BpfObject, { programs, hooks = {} }: Variant): Error | undefined {
  try {
    object.load();
    for (const program of programs) {
      const own = hooks[program];
      if (!own) object.attach(program);
      for (const hook of own ?? []) object.attachTo(program, hook);
    }
    return undefined;
  } catch (error) {
    if (error instanceof VerifierError || error instanceof NotSupportedError) return error;
    throw error;
  }
}

function apply(
  object: BpfObject,
  btf: Btf,
  { constants = {}, maps = {}, maxEntries = {}, leaveOut = [], perCpu = [] }: LoadOptions,
): void {
  const variables = btf.variables();
  const rodata = object.variables(".rodata");
  for (const [name, value] of Object.entries(constants)) {
    if (value === undefined) continue;
    const variable = variables.get(name);
    if (!rodata || variable?.section !== ".rodata")
      throw new Error(`Cannot set ${name}: ${object.name} has no such switch`);
    rodata.set(constantBytes(name, value, variable.size), variable.offset);
  }
  for (const [name, map] of Object.entries(maps)) object.replaceMap(name, map);
  for (const name of leaveOut.filter((one) => object.hasMap(one))) object.leaveOutMap(name);
  for (const name of perCpu) object.makePerCpu(name);
  for (const [name, entries] of Object.entries(maxEntries)) object.setMaxEntries(name, entries);
  // Scratch memory is declared for one CPU: see TEXT_RECORD in bpf/include/event.bpf.h.
  for (const name of object.maps.filter((one) => one.endsWith("_scratch")))
    object.setMaxEntries(name, object.maxEntries(name) * possibleCpus());
}

function constantBytes(name: string, value: NonNullable<Constant>, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const given =
    typeof value === "string"
      ? Buffer.from(value)
      : typeof value === "object"
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : integerBytes(name, BigInt(value), size);
  if (given.length > size) throw new RangeError(`Cannot set ${name}: ${given.length} bytes do not fit into ${size}`);
  bytes.set(given);
  return bytes;
}

function integerBytes(name: string, value: bigint, size: number): Uint8Array {
  const bits = size * 8;
  if (BigInt.asIntN(bits, value) !== value && BigInt.asUintN(bits, value) !== value)
    throw new RangeError(`Cannot set ${name}: ${value} does not fit into ${size} bytes`);
  return new Uint8Array(BigInt64Array.of(value).buffer).subarray(0, Math.min(size, 8));
}
