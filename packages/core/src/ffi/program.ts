import { closeSync } from "node:fs";

import { BpfError, VerifierError } from "../errors.js";
import { adviceOn } from "../system-errors.js";
import { check, errnoName } from "./errno.js";
import { native } from "./koffi.js";
import { lazily } from "./library.js";
import { libbpf } from "./libbpf.js";
import { fdOf, type BpfMap } from "./map.js";
import { withoutSignals } from "./signals.js";

/** `enum bpf_prog_type`, include/uapi/linux/bpf.h. */
const RAW_TRACEPOINT = 17;
const INSTRUCTION = 8;
/** `ld_imm64` with a map's descriptor: its opcode, and the pseudo source register. */
const LOAD_64 = 0x18;
const PSEUDO_MAP_FD = 1;
const LOG_BYTES = 1 << 16;
/** Words of the options that stay 0, from `attempts` to `line_info_rec_size`. */
const OTHERS = 20;

/** `struct bpf_prog_load_opts` and `struct bpf_test_run_opts` of libbpf 1.0's bpf.h. */
const loadOptions = lazily(() =>
  native().struct("bpf_prog_load_opts", {
    sz: "size_t",
    unused: native().array("uint32_t", OTHERS),
    log_level: "uint32_t",
    log_size: "uint32_t",
    log_buf: "void *",
  }),
);
const RUN_OPTIONS = { size: 80, retval: 56 };

/** A single program made of instructions, which is not attached but run on request. Whoever loads it must close it. */
export class BpfProgram {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Loads instructions as a program at a raw tracepoint.
   * @param maps the maps that the instructions load, by the index that stands in place of a descriptor
   * @throws VerifierError; BpfError for anything else
   */
  static load(name: string, instructions: Uint8Array, maps: readonly BpfMap[] = []): BpfProgram {
    const code = withMaps(instructions, maps);
    const koffi = native();
    const type = loadOptions();
    const log = koffi.alloc("char", LOG_BYTES);
    const options = koffi.alloc(type, 1);
    try {
      const given = {
        sz: koffi.sizeof(type),
        unused: new Array(OTHERS).fill(0),
        log_level: 0,
        log_size: LOG_BYTES,
        log_buf: log,
      };
      koffi.encode(options, type, given);
      const fd = withoutSignals(() =>
        libbpf().bpf_prog_load(RAW_TRACEPOINT, name.slice(0, 15), "GPL", code, code.length / INSTRUCTION, options),
      );
      if (fd >= 0) return new BpfProgram(fd);
      const text = Buffer.from(koffi.view(log, LOG_BYTES)).toString("latin1").split("\0")[0]!;
      const errno = -fd;
      const state = errnoName(errno);
      if (text) throw new VerifierError(`Cannot load ${name}: ${state}`, "bpf_prog_load", errno, state, text);
      throw new BpfError(`Cannot load ${name}: ${state}${adviceOn(state)}`, "bpf_prog_load", errno, state);
    } finally {
      koffi.free(options);
      koffi.free(log);
    }
  }

  /** Runs it once, without arguments, and returns its result. Needs kernel 5.10. @throws BpfError */
  run(): number {
    const options = Buffer.allocUnsafeSlow(RUN_OPTIONS.size).fill(0);
    options.writeBigUInt64LE(BigInt(RUN_OPTIONS.size));
    check("bpf_prog_test_run_opts", libbpf().bpf_prog_test_run_opts(this.#fd, options), "run a program");
    return options.readUInt32LE(RUN_OPTIONS.retval);
  }

  /** Frees it. */
  close(): void {
    closeSync(this.#fd);
  }
}

/** Instructions with the descriptors of maps in place of their indices. */
function withMaps(instructions: Uint8Array, maps: readonly BpfMap[]): Buffer {
  const code = Buffer.allocUnsafeSlow(instructions.length);
  code.set(instructions);
  for (let at = 0; at < code.length; at += INSTRUCTION) {
    if (code[at] !== LOAD_64) continue;
    if (code[at + 1]! >> 4 === PSEUDO_MAP_FD) code.writeInt32LE(fdOf(maps[code.readInt32LE(at + 4)]!), at + 4);
    at += INSTRUCTION;
  }
  return code;
}
