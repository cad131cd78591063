import { BpfMap, BpfProgram, MapType } from "@rxbpf/core/bpf";

import { Assembler, Label } from "./back/assembler.js";
import type { Code } from "./back/generate.js";

/** Runs compiled code apart from any probe, on a record that is in a map as those of probes are. */
export class TrialProgram {
  readonly #record: BpfMap;
  readonly #program: BpfProgram;
  readonly #size: number;

  /** @throws VerifierError; BpfError */
  constructor(code: Code, size: number) {
    this.#size = size;
    this.#record = BpfMap.create({
      type: MapType.array,
      name: "trial_record",
      keySize: 4,
      valueSize: size,
      maxEntries: 1,
    });
    try {
      this.#program = BpfProgram.load("trial", trial(code), [this.#record]);
    } catch (error) {
      this.#record.close();
      throw error;
    }
  }

  /** Whether a record passes. Shorter records are padded with zeros. */
  passes(record: Uint8Array): boolean {
    const bytes = new Uint8Array(this.#size);
    bytes.set(record);
    this.#record.update(KEY, bytes);
    return this.#program.run() === 1;
  }

  close(): void {
    this.#program.close();
    this.#record.close();
  }
}

const KEY = new Uint8Array(4);
/** Where the code begins in the program. */
export const TRIAL_START = 10;
const MAP_LOOKUP_ELEM = 1;

/** A program that looks up the record and calls the code with its address. */
function trial(code: Code): Uint8Array {
  const main = new Assembler();
  const missing = new Label();
  main.mapAddress(1, 0);
  main.register("mov", 2, 10);
  main.constant("add", 2, -4n);
  main.storeZero(10, -4);
  main.call(MAP_LOOKUP_ELEM);
  main.jumpIfConstant("==", 0, 0n, missing);
  main.register("mov", 1, 0);
  main.callOwn(1);
  main.bind(missing);
  main.exit();
  return Buffer.concat([main.bytes(), code.bytes]);
}
