import { isMainThread } from "node:worker_threads";

import { Btf } from "./btf.js";
import { requireCapabilities } from "./capabilities.js";
import { NotSupportedError, VerifierError } from "../errors.js";
import { possibleCpus } from "../ffi/cpus.js";
import type { BpfMap } from "../ffi/map.js";
import { BpfObject } from "../ffi/object.js";
import { forPreemptible, isPreemptible, PREEMPTIBLE } from "./preemption.js";
import type { Variant } from "./variant.js";

/** A value for one of a program's `const volatile` switches. Text is padded with NULs; undefined leaves it as it is. */
export type Constant = number | boolean | string | ArrayBufferView | undefined;

/** What may change between opening an object and loading it. */
export interface LoadOptions {
  readonly constants?: Readonly<Record<string, Constant>>;
  /** Existing maps to use in place of the object's own. They are the caller's to close. */
  readonly maps?: Readonly<Record<string, BpfMap>>;
  /** Entries for the object's own maps; for its ring, bytes. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /** The object's maps to do without. The verifier refuses programs that can reach one. */
  readonly leaveOut?: readonly string[];
  /** Hash maps of the object that are to have a value for each processor. */
  readonly perCpu?: readonly string[];
  /** Whether to take the programs for a kernel that may preempt them at tracepoints; if not given, as this kernel may. */
  readonly preemptible?: boolean;
}

/** A compiled program with the ways to run it. */
export interface ObjectSpec {
  readonly name: string;
  /** The bytes of the `.bpf.o`. */
  readonly bytes: () => Uint8Array;
  /** In order of preference. The first that this kernel accepts is used. */
  readonly variants: readonly Variant[];
}

/** An object in the kernel, its programs attached. */
export interface Loaded {
  readonly object: BpfObject;
  readonly btf: Btf;
  readonly variant: Variant;
}

/**
 * Loads and attaches the first variant that the kernel accepts: the verifier refuses the others, or they need hooks that there are
 * not. Needs CAP_BPF and CAP_PERFMON.
 * The caller closes the object.
 * @param check looks at the object's types before anything reaches the kernel, and throws
 * @throws NotSupportedError, also in a worker thread; VerifierError, BpfError; then nothing is left in the kernel
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
  // The last variant needs the least of a kernel.
  const last = refusals.at(-1);
  if (last && refusals.length === 1) throw last;
  throw new NotSupportedError(
    `Cannot trace with ${image.name}: this kernel accepts none of its ${refusals.length} variants; the last: ${last?.message}`,
    image.name,
    { cause: last },
  );
}

/** In order of preference, as this kernel runs programs. */
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
 * A worker that is terminated runs no code of ours any more: what it had attached would stay as long as the process, and
 * Node crashes when a native poll handle outlives its thread.
 */
function requireMainThread(name: string): void {
  if (isMainThread) return;
  const advice = "subscribe in the main thread, and send the worker what it needs";
  throw new NotSupportedError(`Cannot trace with ${name} in a worker thread: ${advice}`, "worker threads");
}

/** Returns why the kernel refuses this variant; throws what another would meet too, such as a lack of memory. */
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
  // Scratch memory is declared for one CPU, see TEXT_RECORD in bpf/include/event.bpf.h.
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
