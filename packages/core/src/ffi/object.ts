import { closeSync, readSync } from "node:fs";

import { BpfError, NotSupportedError, VerifierError } from "../errors.js";
import { adviceOn } from "../system-errors.js";
import { attachTo, faultOfFile, type Hook, hookText } from "./attach.js";
import { onlineCpus } from "./cpus.js";
import { requireDescriptors } from "./descriptors.js";
import { check, checkPointer, errnoName, lastErrno } from "./errno.js";
import { native } from "./koffi.js";
import { libbpf } from "./libbpf.js";
import { withLog } from "./log.js";
import { withoutSignals } from "./signals.js";
import { borrowed, type BpfMap, fdOf, MapType } from "./map.js";
import { Mapping, PAGE } from "./mapping.js";
import { hasHook, isHookless, isRefusal, sectionOf } from "./refusal.js";

/** `struct bpf_prog_info`, include/uapi/linux/bpf.h. */
const PROGRAM_INFO = { size: 232, recursionMisses: 208 };

/** The most bytes of an iterator that one read returns. */
const ITERATOR_BYTES = 8 * PAGE;

/** A compiled BPF object. It is opened, adjusted, loaded into the kernel, then attached. */
export class BpfObject {
  readonly name: string;
  #object: bigint | null;
  #loaded = false;
  readonly #maps = new Map<string, bigint>();
  readonly #programs = new Map<string, bigint>();
  #chosen: ReadonlySet<bigint>;
  readonly #links: { readonly program: string; readonly link: bigint }[] = [];
  readonly #clocks: { readonly program: string; readonly hook: Hook; readonly cpus: Set<number> }[] = [];
  readonly #mappings = new Map<string, Mapping>();

  private constructor(name: string, object: bigint) {
    this.name = name;
    this.#object = object;
    const { bpf_object__next_map, bpf_object__next_program, bpf_map__name, bpf_program__name } = libbpf();
    for (let map = null; (map = bpf_object__next_map(object, map));) {
      // libbpf names global variables' maps after the object: `opensno.bss`
      this.#maps.set(bpf_map__name(map).replace(/^.*(?=\.)/, ""), map);
    }
    for (let program = null; (program = bpf_object__next_program(object, program));) {
      this.#programs.set(bpf_program__name(program), program);
    }
    this.#chosen = new Set(this.#programs.values());
  }

  /**
   * Parses the bytes of a `.bpf.o`. Needs no privilege and does not touch the kernel. The caller must close it.
   * @throws BpfError if libbpf cannot read the bytes
   */
  static open(name: string, bytes: Uint8Array): BpfObject {
    const { result, log } = withLog(() => libbpf().bpf_object__open_mem(bytes, bytes.length, null));
    const object = checkPointer("bpf_object__open_mem", result, `open the BPF object ${name}${because(log)}`);
    return new BpfObject(name, object);
  }

  /** The object's own type information, in the BTF format. @throws Error if it has none */
  get btf(): Uint8Array {
    if (!this.#object) throw new Error(`Cannot read the types of ${this.name}: it is closed`);
    const btf = libbpf().bpf_object__btf(this.#object);
    if (!btf) throw new Error(`Cannot read the types of ${this.name}: it has none; compile it with clang -g`);
    const size = [0];
    const data = libbpf().btf__raw_data(btf, size);
    return new Uint8Array(native().view(data, size[0] ?? 0)).slice();
  }

  /** The names of its programs. */
  get programs(): readonly string[] {
    return [...this.#programs.keys()];
  }

  /**
   * The memory of a section of global variables: the initial values until the object is loaded; after that, memory that
   * `.bss` and `.data` share with the running programs. Undefined if the object has no such section. Must not be
   * touched after `close`, which unmaps it.
   * @throws BpfError
   */
  variables(section: string): Uint8Array | undefined {
    const map = this.#maps.get(section);
    if (map === undefined) return undefined;
    if (this.#loaded) return this.#shared(section);
    const size = [0];
    const data = libbpf().bpf_map__initial_value(map, size);
    return data ? new Uint8Array(native().view(data, size[0] ?? 0)) : undefined;
  }

  /** libbpf itself shares this memory only from version 1.6 on. */
  #shared(section: string): Uint8Array {
    const map = this.map(section);
    let mapping = this.#mappings.get(section);
    if (!mapping) {
      const length = Math.ceil(map.info.valueSize / PAGE) * PAGE;
      // The kernel has frozen the constants, so they cannot be mapped for writing.
      mapping = new Mapping(fdOf(map), length, 0, { writable: section !== ".rodata" });
      this.#mappings.set(section, mapping);
    }
    return new Uint8Array(mapping.data, 0, map.info.valueSize);
  }

  /** Before loading: chooses the programs to load. All others stay out of the kernel. */
  choose(programs: readonly string[]): void {
    this.#chosen = new Set(programs.map((name) => this.#program(name)));
    for (const [name, program] of this.#programs) {
      check("bpf_program__set_autoload", libbpf().bpf_program__set_autoload(program, programs.includes(name)));
    }
  }

  /** Before loading: sets how many entries a map of the object gets; for a ring, its bytes. */
  setMaxEntries(map: string, entries: number): void {
    check("bpf_map__set_max_entries", libbpf().bpf_map__set_max_entries(this.#map(map), entries));
  }

  /** How many entries a map of the object has or will get. */
  maxEntries(map: string): number {
    return libbpf().bpf_map__max_entries(this.#map(map));
  }

  /** Before loading: gives a hash map a value for each processor. */
  makePerCpu(map: string): void {
    check("bpf_map__set_type", libbpf().bpf_map__set_type(this.#map(map), MapType.percpuHash));
  }

  /** Before loading: uses an existing map in place of the object's own. Its shape is not checked here. */
  replaceMap(map: string, by: BpfMap): void {
    check("bpf_map__reuse_fd", libbpf().bpf_map__reuse_fd(this.#map(map), fdOf(by)));
  }

  /** Before loading: leaves out a map that no chosen program can reach. */
  leaveOutMap(map: string): void {
    check("bpf_map__set_autocreate", libbpf().bpf_map__set_autocreate(this.#map(map), false));
  }

  /** The names of its maps. */
  get maps(): readonly string[] {
    return [...this.#maps.keys()];
  }

  /** Whether it has a map with that name. */
  hasMap(map: string): boolean {
    return this.#maps.has(map);
  }

  /**
   * Loads maps and chosen programs into the kernel.
   * @throws VerifierError; NotSupportedError for a hook that this kernel does not have; BpfError for anything else
   */
  load(): void {
    requireDescriptors(this.name, this.#maps.size + 2 * this.#chosen.size);
    const { result, log } = withLog(() => withoutSignals(() => libbpf().bpf_object__load(this.#object)));
    if (result >= 0) {
      this.#loaded = true;
      return;
    }
    const code = errnoName(-result);
    const message = `Cannot load ${this.name}: ${code}${because(log)}`;
    if (isRefusal(code, log)) throw new VerifierError(message, "bpf_object__load", -result, code, log);
    // Checked here: libbpf also searches modules, which needs CAP_SYS_ADMIN, and would fail for the lack of that.
    for (const program of this.#chosen) if (!hasHook(program)) throw this.#hookless(program);
    throw new BpfError(message + adviceOn(code), "bpf_object__load", -result, code);
  }

  /**
   * Attaches a loaded program to the hook that its section names, until `detach` or `close`.
   * @throws NotSupportedError for a hook that this kernel does not have; BpfError for anything else
   */
  attach(name: string): void {
    const program = this.#program(name);
    const { result, log } = withLog(() => libbpf().bpf_program__attach(program));
    try {
      const link = checkPointer("bpf_program__attach", result, `attach ${name} of ${this.name}${because(log)}`);
      this.#links.push({ program: name, link });
    } catch (error) {
      if (error instanceof BpfError && isHookless(error.code, program)) throw this.#hookless(program, error);
      throw error;
    }
  }

  #hookless(program: bigint, cause?: Error): NotSupportedError {
    const hook = sectionOf(program);
    return new NotSupportedError(`Cannot load ${this.name}: this kernel has no hook ${hook}`, hook, { cause });
  }

  /**
   * Attaches a loaded program to a hook that its section does not name, until `detach` or `close`; to a clock, on each processor
   * that is online. @throws BpfError
   */
  attachTo(program: string, hook: Hook): void {
    if (hook.kind !== "clock") return this.#link(program, hook, 0);
    this.#clocks.push({ program, hook, cpus: new Set() });
    this.followProcessors();
  }

  /** Attaches to clocks on processors that have come online since. Returns their numbers. @throws BpfError */
  followProcessors(): readonly number[] {
    const online = this.#clocks.length > 0 ? onlineCpus() : [];
    return online.filter((cpu) => {
      const fresh = this.#clocks.filter(({ cpus }) => !cpus.has(cpu));
      for (const { program, hook, cpus } of fresh) {
        this.#link(program, hook, cpu);
        cpus.add(cpu);
      }
      return fresh.length > 0;
    });
  }

  #link(program: string, hook: Hook, cpu: number): void {
    const subject = `attach ${program} of ${this.name} to ${hookText(hook)}`;
    const { result, log } = withLog(() => attachTo(this.#program(program), hook, subject, cpu));
    const errno = lastErrno();
    const fault = result ? undefined : faultOfFile(hook, log);
    if (fault !== undefined)
      throw new BpfError(
        `Cannot trace ${hookText(hook)}: ${fault}`,
        `attach to a ${hook.kind}`,
        errno,
        errnoName(errno),
      );
    const link = checkPointer(`attach to a ${hook.kind}`, result, subject + because(log));
    this.#links.push({ program, link });
  }

  /**
   * Runs an attached iterator, a program whose section is `iter/...`, over all present objects, and returns what it
   * wrote. Needs kernel 5.8. @throws BpfError
   */
  runIterator(program: string): Uint8Array {
    const link = this.#links.find((attached) => attached.program === program)?.link;
    if (link === undefined) throw new Error(`Cannot run ${program} of ${this.name}: it is not attached`);
    const fd = check(
      "bpf_iter_create",
      libbpf().bpf_iter_create(libbpf().bpf_link__fd(link)),
      `run ${program} of ${this.name}`,
    );
    try {
      const parts: Uint8Array[] = [];
      for (;;) {
        const part = Buffer.allocUnsafe(ITERATOR_BYTES);
        const length = readSync(fd, part);
        if (length === 0) return Buffer.concat(parts);
        parts.push(part.subarray(0, length));
      }
    } finally {
      closeSync(fd);
    }
  }

  /** A map of the loaded object, valid as long as the object. */
  map(name: string): BpfMap {
    if (!this.#loaded) throw new Error(`Cannot use the map ${name}: ${this.name} is not loaded`);
    return borrowed(check("bpf_map__fd", libbpf().bpf_map__fd(this.#map(name))));
  }

  /** How often the kernel did not run these loaded programs because they were running already. Needs kernel 5.11. */
  misses(programs: readonly string[]): number {
    let misses = 0;
    for (const name of programs) {
      const info = Buffer.alloc(PROGRAM_INFO.size);
      const fd = libbpf().bpf_program__fd(this.#program(name));
      check("bpf_obj_get_info_by_fd", libbpf().bpf_obj_get_info_by_fd(fd, info, [info.length]));
      misses += Number(info.readBigUInt64LE(PROGRAM_INFO.recursionMisses));
    }
    return misses;
  }

  /** The section of a program, which names its hook: `tp_btf/sys_exit`. */
  section(program: string): string {
    return sectionOf(this.#program(program));
  }

  /** Detaches all programs; the maps stay. */
  detach(): void {
    this.#clocks.length = 0;
    for (const { link } of this.#links.splice(0)) libbpf().bpf_link__destroy(link);
  }

  /** Detaches and frees everything. May be called twice. */
  close(): void {
    this.detach();
    for (const mapping of this.#mappings.values()) mapping.close();
    this.#mappings.clear();
    if (this.#object) libbpf().bpf_object__close(this.#object);
    this.#object = null;
    this.#loaded = false;
    this.#maps.clear();
    this.#programs.clear();
  }

  #map(name: string): bigint {
    const map = this.#maps.get(name);
    if (map === undefined) throw new Error(`Cannot find the map ${name} in ${this.name}`);
    return map;
  }

  #program(name: string): bigint {
    const program = this.#programs.get(name);
    if (program === undefined) throw new Error(`Cannot find the program ${name} in ${this.name}`);
    return program;
  }
}

/**
 * The line of libbpf's log that gives the reason: the last one before the verifier's statistics and libbpf's closing
 * lines.
 */
function because(log: string): string {
  const lines = log
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const verdict = lines.findIndex((line) => line.startsWith("processed "));
  const line =
    verdict > 0
      ? lines[verdict - 1]
      : lines.find((line) => line.startsWith("libbpf: ") && !/ failed to load: -\d+$|BEGIN|END/.test(line));
  return line
    ? `: ${line
        .replace(/^libbpf: /, "")
        .replace(NO_HELPER, `${TOO_OLD} BPF helper $1`)
        .replace(NO_MAP, `${TOO_OLD} map such as $1`)}`
    : "";
}

/** The verifier's message for a BPF helper that this kernel lacks. */
const NO_HELPER = /^invalid func unknown#(\d+)$/;
/** libbpf's, for a kind of map that the kernel does not have. */
const NO_MAP = /^Error in bpf_create_map\w*\((\w+)\): ?Invalid argument\b.*$/;
const TOO_OLD = "this kernel is too old for it: it has no";
