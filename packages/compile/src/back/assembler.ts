import type { Span } from "../ir/types.js";

/** Instructions of BPF, as Documentation/bpf/standardization/instruction-set.rst of the kernel has them. */

export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** Bytes of an instruction. */
export const INSTRUCTION = 8;

const ALU64 = 0x07;
const JUMP = 0x05;
const FROM_REGISTER = 0x08;
const LOAD_64 = 0x18;
const CALL = 0x85;
const EXIT = 0x95;
const STORE_WORD = 0x62;
/** What the second register of an instruction can mean. */
const PSEUDO_MAP_FD = 1;
const PSEUDO_CALL = 1;

const ALU = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  shl: 0x60,
  shr: 0x70,
  rem: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  sar: 0xc0,
} as const;
const JUMPS = {
  always: 0x00,
  "==": 0x10,
  ">u": 0x20,
  "!=": 0x50,
  ">": 0x60,
  ">=": 0x70,
  "<u": 0xa0,
  "<": 0xc0,
  "<=": 0xd0,
} as const;
const LOADS = { 1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79 } as const;

export type AluOp = keyof typeof ALU;
/** Signed, but for those that end in `u`. */
export type JumpOp = Exclude<keyof typeof JUMPS, "always">;

/** A place in the code. */
export class Label {
  /** The number of the instruction that follows it. */
  at: number | undefined;
}

interface Instruction {
  readonly opcode: number;
  readonly to: number;
  readonly from: number;
  readonly offset: number;
  readonly value: number;
  readonly target?: Label;
  readonly span: Span | undefined;
}

/** Code in the making. */
export class Assembler {
  readonly #code: Instruction[] = [];
  /** The piece of source that the next instructions are for. */
  span: Span | undefined;

  /** How many instructions there are. */
  get length(): number {
    return this.#code.length;
  }

  /** The piece of source that an instruction is for. */
  spanOf(instruction: number): Span | undefined {
    return this.#code[instruction]?.span;
  }

  bind(label: Label): void {
    label.at = this.#code.length;
  }

  /** Computes with a constant that fits. */
  constant(op: AluOp, to: Register, value: bigint): void {
    this.#add({ opcode: ALU64 | ALU[op], to, value: Number(value) });
  }

  register(op: AluOp, to: Register, from: Register): void {
    this.#add({ opcode: ALU64 | FROM_REGISTER | ALU[op], to, from });
  }

  /** Sets a register to any constant. */
  set(to: Register, value: bigint): void {
    if (fits(value)) return this.constant("mov", to, value);
    const bits = BigInt.asUintN(64, value);
    this.#add({ opcode: LOAD_64, to, value: Number(bits & 0xffffffffn) | 0 });
    this.#add({ opcode: 0, value: Number(bits >> 32n) | 0 });
  }

  load(size: keyof typeof LOADS, to: Register, from: Register, offset: number): void {
    this.#add({ opcode: LOADS[size], to, from, offset });
  }

  jump(target: Label): void {
    this.#add({ opcode: JUMP | JUMPS.always, target });
  }

  jumpIf(op: JumpOp, a: Register, b: Register, target: Label): void {
    this.#add({ opcode: JUMP | FROM_REGISTER | JUMPS[op], to: a, from: b, target });
  }

  /** Compares with a constant that fits. */
  jumpIfConstant(op: JumpOp, a: Register, value: bigint, target: Label): void {
    this.#add({ opcode: JUMP | JUMPS[op], to: a, value: Number(value), target });
  }

  /** Sets a register to the address of a map, given by its index. */
  mapAddress(to: Register, map: number): void {
    this.#add({ opcode: LOAD_64, to, from: PSEUDO_MAP_FD, value: map });
    this.#add({ opcode: 0 });
  }

  /** Stores zeros in 4 bytes of memory. */
  storeZero(base: Register, offset: number): void {
    this.#add({ opcode: STORE_WORD, to: base, offset });
  }

  /** Calls a function of the program, `distance` instructions after the next one. */
  callOwn(distance: number): void {
    this.#add({ opcode: CALL, from: PSEUDO_CALL, value: distance });
  }

  /** Calls a helper of the kernel. */
  call(helper: number): void {
    this.#add({ opcode: CALL, value: helper });
  }

  /** Does nothing. */
  nothing(): void {
    this.#add({ opcode: JUMP | JUMPS.always });
  }

  exit(): void {
    this.#add({ opcode: EXIT });
  }

  /** The code. A label that is bound past the last instruction leads there. */
  bytes(): Uint8Array {
    const bytes = Buffer.alloc(this.#code.length * INSTRUCTION);
    this.#code.forEach(({ opcode, to, from, offset, value, target }, index) => {
      const at = index * INSTRUCTION;
      bytes[at] = opcode;
      bytes[at + 1] = to | (from << 4);
      bytes.writeInt16LE(target ? target.at! - index - 1 : offset, at + 2);
      bytes.writeInt32LE(value, at + 4);
    });
    return bytes;
  }

  #add(given: Pick<Instruction, "opcode"> & Partial<Instruction>): void {
    this.#code.push({ to: 0, from: 0, offset: 0, value: 0, span: this.span, ...given });
  }
}

/** Whether an instruction can hold a constant: 32 bits, which it extends by their sign. */
export function fits(value: bigint): boolean {
  return BigInt.asIntN(32, value) === value;
}
