/** An object file as clang makes it for BPF: 64 bits, little-endian. It comes with a package, so it is trusted. elf(5). */
export class ObjectFile {
  readonly #bytes: Buffer;
  readonly #sections: readonly Section[];

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = Number(this.#bytes.readBigUInt64LE(40));
    const count = this.#bytes.readUInt16LE(60);
    const names = this.#bytes.readUInt16LE(62);
    const rows = Array.from({ length: count }, (_, index) => {
      const at = start + index * SECTION;
      const wide = (offset: number): number => Number(this.#bytes.readBigUInt64LE(at + offset));
      return {
        name: this.#bytes.readUInt32LE(at),
        link: this.#bytes.readUInt32LE(at + 40),
        offset: wide(24),
        size: wide(32),
      };
    });
    this.#sections = rows.map((row) => ({ ...row, name: this.#text(rows[names]!.offset + row.name) }));
  }

  /** The bytes of a section. @throws Error if there is none of that name */
  section(name: string): Uint8Array {
    const { offset, size } = this.#section(name);
    return this.#bytes.subarray(offset, offset + size);
  }

  /** Where the bytes of a function are in the file; undefined if there is none of that name. */
  findFunction(name: string): { readonly offset: number; readonly size: number } | undefined {
    const { offset, size, link } = this.#section(".symtab");
    const names = this.#sections[link]!.offset;
    for (let at = offset; at < offset + size; at += SYMBOL) {
      const isFunction = (this.#bytes[at + 4]! & 0xf) === STT_FUNC;
      if (!isFunction || this.#text(names + this.#bytes.readUInt32LE(at)) !== name) continue;
      const home = this.#sections[this.#bytes.readUInt16LE(at + 6)]!;
      const value = Number(this.#bytes.readBigUInt64LE(at + 8));
      return { offset: home.offset + value, size: Number(this.#bytes.readBigUInt64LE(at + 16)) };
    }
    return undefined;
  }

  #section(name: string): Section {
    const section = this.#sections.find((one) => one.name === name);
    if (!section) throw new Error(`Cannot read an object file: it has no section ${name}`);
    return section;
  }

  #text(at: number): string {
    return this.#bytes.toString("latin1", at, this.#bytes.indexOf(0, at));
  }
}

interface Section {
  readonly name: string;
  readonly link: number;
  readonly offset: number;
  readonly size: number;
}

const SECTION = 64;
const SYMBOL = 24;
const STT_FUNC = 2;
