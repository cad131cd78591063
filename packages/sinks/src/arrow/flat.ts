/**
 * How many times the size of a message may be read. Honest messages need once; a hostile one may point to the same part
 * again and again.
 */
const TIMES = 4;

/** How many bytes of a message may still be read. */
interface Allowance {
  left: number;
}

/**
 * Reads untrusted flatbuffers: every access is checked against the message's size (a DataView throws a RangeError), so
 * is every length before it is used, and all reads together are at most a few times the message's size.
 */
export class FlatTable {
  readonly #view: DataView;
  readonly #allowance: Allowance;
  readonly #at: number;
  readonly #slots: number;
  readonly #size: number;

  private constructor(view: DataView, at: number, allowance: Allowance) {
    this.#view = view;
    this.#allowance = allowance;
    this.#at = at;
    this.#slots = at - view.getInt32(at, true);
    this.#size = view.getUint16(this.#slots, true);
  }

  /** The table that bytes begin with. This and all methods below throw a RangeError if the bytes are damaged. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true), { left: TIMES * bytes.length });
  }

  byte(slot: number): number {
    const at = this.#place(slot);
    return at === 0 ? 0 : this.#view.getUint8(at);
  }

  /** A number of 64 bits. */
  long(slot: number): number {
    const at = this.#place(slot);
    return at === 0 ? 0 : safe(this.#view.getBigInt64(at, true));
  }

  text(slot: number): string {
    const at = this.#follow(slot);
    if (at === 0) return "";
    const length = this.#view.getUint32(at, true);
    if (at + 4 + length > this.#view.byteLength) throw new RangeError("A text is longer than its message");
    this.#spend(4 + length);
    return Buffer.from(this.#view.buffer, this.#view.byteOffset + at + 4, length).toString("utf8");
  }

  table(slot: number): FlatTable | undefined {
    const at = this.#follow(slot);
    return at === 0 ? undefined : this.#table(at);
  }

  tables(slot: number): FlatTable[] {
    return this.#elements(slot, 4).map((at) => this.#table(at + this.#view.getUint32(at, true)));
  }

  /** Structs of two numbers of 64 bits. */
  pairs(slot: number): (readonly [number, number])[] {
    return this.#elements(slot, 16).map((at) => [
      safe(this.#view.getBigInt64(at, true)),
      safe(this.#view.getBigInt64(at + 8, true)),
    ]);
  }

  #table(at: number): FlatTable {
    return new FlatTable(this.#view, at, this.#allowance);
  }

  #spend(bytes: number): void {
    this.#allowance.left -= bytes;
    if (this.#allowance.left < 0) throw new RangeError("The parts of a message overlap too often");
  }

  /** The offset of a value; 0 if there is none. */
  #place(slot: number): number {
    const entry = 4 + 2 * slot;
    if (entry + 2 > this.#size) return 0;
    const offset = this.#view.getUint16(this.#slots + entry, true);
    return offset === 0 ? 0 : this.#at + offset;
  }

  #follow(slot: number): number {
    const at = this.#place(slot);
    return at === 0 ? 0 : at + this.#view.getUint32(at, true);
  }

  #elements(slot: number, size: number): number[] {
    const at = this.#follow(slot);
    if (at === 0) return [];
    const length = this.#view.getUint32(at, true);
    if (at + 4 + length * size > this.#view.byteLength) throw new RangeError("A list is longer than its message");
    this.#spend(4 + length * size);
    return Array.from({ length }, (_, i) => at + 4 + i * size);
  }
}

function safe(value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`No length can be ${value}`);
  return Number(value);
}
