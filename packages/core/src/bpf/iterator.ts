import type { Btf } from "./btf.js";
import { eventClock } from "../clock.js";
import { type ObjectSpec, load, type Loaded, type LoadOptions } from "./load.js";
import { bindLayout } from "../schema/layout.js";
import type { Layout } from "../schema/record.js";
import { bytesDecoder } from "../schema/rows.js";
import type { Fields } from "../schema/field.js";
import type { Schema } from "../schema/schema.js";

/**
 * A table of kernel objects, made anew for each read by an iterator, a program whose section is `iter/...`. The program
 * writes rows of one size, one after the other. Needs kernel 5.8, CAP_BPF and CAP_PERFMON.
 */
export class KernelIterator<R> {
  readonly #loaded: Loaded;
  readonly #size: number;
  readonly #decode: (bytes: Uint8Array) => R;

  /**
   * Loads the program. The caller must close it.
   * @param image an object whose variants have one program each
   * @throws NotSupportedError, VerifierError, BpfError
   */
  constructor(image: ObjectSpec, schema: Schema<Fields>, options: LoadOptions = {}) {
    let layout: Layout | undefined;
    this.#loaded = load(image, options, (btf: Btf) => (layout = bindLayout(schema, btf)));
    this.#size = layout!.size;
    this.#decode = bytesDecoder<R>(layout!, eventClock.offsetNs);
  }

  /** The present rows. @throws BpfError */
  read(): R[] {
    const { object, variant } = this.#loaded;
    const bytes = object.runIterator(variant.programs[0]!);
    return Array.from({ length: Math.floor(bytes.length / this.#size) }, (_, i) =>
      this.#decode(bytes.subarray(i * this.#size, (i + 1) * this.#size)),
    );
  }

  /** May be called twice. */
  close(): void {
    this.#loaded.object.close();
  }
}
