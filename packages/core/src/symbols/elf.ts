import { type Bytes, eachRow, textAt } from "./bytes.js";
import { ElfSymbols } from "./elf-symbols.js";
import { MOST_SYMBOLS, SymbolTableBuilder } from "./symbol-table.js";

/** Reads untrusted ELF files: elf(5). Whatever a file claims, no more is read than these limits. */

const MOST_SEGMENTS = 256;
const MOST_SECTIONS = 65_535;
/** Limits on segments with code, places with notes, bytes of notes, and rows of a symbol table. */
const MOST_CODE_SEGMENTS = 16;
const MOST_NOTES = 16;
const MOST_NOTES_BYTES = 65_536;
const MOST_ROWS = 4 * MOST_SYMBOLS;

const PT_LOAD = 1;
const PT_NOTE = 4;
const PF_X = 1;
const SHT_SYMTAB = 2;
const SHT_NOTE = 7;
const SHT_DYNSYM = 11;
const SHF_EXECINSTR = 4;
const SHN_ABS = 0xfff1;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const STB_LOCAL = 0;
const STB_GLOBAL = 1;
const NT_GNU_BUILD_ID = 3;

/** A part of the file that is mapped into memory to run. */
interface Segment {
  readonly type: number;
  readonly executable: boolean;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
  readonly memorySize: number;
}

interface Section {
  readonly type: number;
  readonly executable: boolean;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly entrySize: number;
}

/** The offsets of fields and the sizes of rows in 32-bit and 64-bit files. */
const LAYOUTS = {
  1: {
    header: { size: 52, phoff: 28, shoff: 32, phentsize: 42, phnum: 44, shentsize: 46, shnum: 48 },
    segment: { size: 32, flags: 24, offset: 4, address: 8, bytes: 16, memorySize: 20 },
    section: { size: 40, flags: 8, offset: 16, bytes: 20, link: 24, entrySize: 36 },
    symbol: { size: 16, info: 12, section: 14, value: 4, bytes: 8 },
    word: (bytes: Buffer, at: number) => bytes.readUInt32LE(at),
  },
  2: {
    header: { size: 64, phoff: 32, shoff: 40, phentsize: 54, phnum: 56, shentsize: 58, shnum: 60 },
    segment: { size: 56, flags: 4, offset: 8, address: 16, bytes: 32, memorySize: 40 },
    section: { size: 64, flags: 8, offset: 24, bytes: 32, link: 40, entrySize: 56 },
    symbol: { size: 24, info: 4, section: 6, value: 8, bytes: 16 },
    word: (bytes: Buffer, at: number) => bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32,
  },
} as const;

export class Elf {
  readonly #bytes: Bytes;
  readonly #layout: (typeof LAYOUTS)[1 | 2];
  readonly #loaded: readonly Segment[];
  readonly #notes: readonly Segment[];
  readonly #code: readonly Segment[];
  readonly #header: Buffer;
  #sections: readonly Section[] | undefined;

  /** @throws RangeError if the bytes are no ELF file for this machine, or damaged */
  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    const magic = bytes.read(0, 20);
    const bits = magic[4];
    const type = magic.readUInt16LE(16);
    // Little-endian programs and shared objects.
    if (
      magic.readUInt32BE(0) !== 0x7f454c46 ||
      (bits !== 1 && bits !== 2) ||
      magic[5] !== 1 ||
      (type !== 2 && type !== 3)
    )
      throw new RangeError("It is not a program or shared object of this machine");
    this.#layout = LAYOUTS[bits];
    this.#header = bytes.read(0, this.#layout.header.size);
    const segments = this.#readSegments();
    this.#loaded = segments.filter(({ type }) => type === PT_LOAD);
    this.#notes = segments.filter(({ type }) => type === PT_NOTE);
    this.#code = this.#loaded.filter(({ executable }) => executable).slice(0, MOST_CODE_SEGMENTS);
  }

  /** The file's own address of the byte at an offset; undefined if that byte is not mapped. */
  addressOf(offset: number): number | undefined {
    // Whole pages are mapped, so neighbouring segments share one. The right one is the segment that contains the byte
    // itself.
    const within = (segment: Segment, page: number): boolean =>
      offset >= segment.offset - page && offset < segment.offset + segment.size + page;
    const segment =
      this.#code.find((one) => within(one, 0)) ??
      this.#loaded.find((one) => within(one, 0)) ??
      this.#loaded.find((one) => within(one, 4096));
    return segment && offset - segment.offset + segment.address;
  }

  /** The build id, in hex; undefined if it has none. */
  get buildId(): string | undefined {
    const sections = (): Section[] => this.#allSections().filter(({ type }) => type === SHT_NOTE);
    return this.#buildIdIn(this.#notes) ?? this.#buildIdIn(sections());
  }

  /**
   * The functions of a symbol table: the `full` one, or the one for the dynamic linker. Undefined if it is missing or
   * empty.
   * @throws RangeError if it is damaged
   */
  symbols(which: "full" | "dynamic"): ElfSymbols | undefined {
    const sections = this.#allSections();
    const section = sections.find(({ type }) => type === (which === "full" ? SHT_SYMTAB : SHT_DYNSYM));
    const strings = section && sections[section.link];
    const { symbol, word } = this.#layout;
    if (!section || !strings || section.entrySize !== symbol.size) return undefined;
    const count = Math.min(Math.floor(section.size / symbol.size), MOST_ROWS);
    const builder = new SymbolTableBuilder();
    eachRow(this.#bytes, { position: section.offset, count, width: symbol.size }, (rows, at) => {
      const info = rows[at + symbol.info]!;
      const home = rows.readUInt16LE(at + symbol.section);
      const type = info & 0xf;
      // Functions in assembly may have no type, but neither have labels in data.
      if (type === STT_NOTYPE ? !sections[home]?.executable : type !== STT_FUNC && type !== STT_GNU_IFUNC) return;
      const name = rows.readUInt32LE(at);
      const value = word(rows, at + symbol.value);
      if (name === 0 || home === 0 || home === SHN_ABS || !this.#isCode(value)) return;
      const binding = info >> 4;
      const rank = (binding === STB_GLOBAL ? 0 : binding === STB_LOCAL ? 2 : 1) + (type === STT_NOTYPE ? 3 : 0);
      builder.add(value, word(rows, at + symbol.bytes), name, rank);
    });
    if (builder.length === 0) return undefined;
    const { offset, size } = strings;
    return new ElfSymbols(builder.build(), (name) => textAt(this.#bytes, offset + name, offset + size));
  }

  #buildIdIn(places: readonly { readonly offset: number; readonly size: number }[]): string | undefined {
    for (const { offset, size } of places.slice(0, MOST_NOTES)) {
      try {
        const found = buildIdIn(this.#bytes.read(offset, Math.min(size, MOST_NOTES_BYTES)));
        if (found !== undefined) return found;
      } catch {
        // Files with debug information lack the bytes of most segments.
      }
    }
    return undefined;
  }

  #isCode(address: number): boolean {
    for (const { address: start, memorySize } of this.#code)
      if (address >= start && address < start + memorySize) return true;
    return false;
  }

  #readSegments(): Segment[] {
    const { header, segment, word } = this.#layout;
    const count = this.#header.readUInt16LE(header.phnum);
    if (this.#header.readUInt16LE(header.phentsize) !== segment.size || count > MOST_SEGMENTS)
      throw new RangeError(`It has ${count} program headers of a wrong size`);
    const segments: Segment[] = [];
    const position = word(this.#header, header.phoff);
    eachRow(this.#bytes, { position, count, width: segment.size }, (rows, at) => {
      const type = rows.readUInt32LE(at);
      if (type !== PT_LOAD && type !== PT_NOTE) return;
      segments.push({
        type,
        executable: (rows.readUInt32LE(at + segment.flags) & PF_X) !== 0,
        offset: word(rows, at + segment.offset),
        address: word(rows, at + segment.address),
        size: word(rows, at + segment.bytes),
        memorySize: word(rows, at + segment.memorySize),
      });
    });
    return segments;
  }

  #allSections(): readonly Section[] {
    return (this.#sections ??= this.#readSections());
  }

  #readSections(): Section[] {
    const { header, section, word } = this.#layout;
    const position = word(this.#header, header.shoff);
    if (position === 0 || this.#header.readUInt16LE(header.shentsize) !== section.size) return [];
    const sections: Section[] = [];
    // If there are too many for the header's field, their number is in the first section, which is otherwise empty.
    const counted = this.#header.readUInt16LE(header.shnum);
    const count = counted || word(this.#bytes.read(position, section.size), section.bytes);
    if (count > MOST_SECTIONS) throw new RangeError(`It has ${count} sections`);
    eachRow(this.#bytes, { position, count, width: section.size }, (rows, at) => {
      sections.push({
        type: rows.readUInt32LE(at + 4),
        executable: (rows.readUInt32LE(at + section.flags) & SHF_EXECINSTR) !== 0,
        offset: word(rows, at + section.offset),
        size: word(rows, at + section.bytes),
        link: rows.readUInt32LE(at + section.link),
        entrySize: word(rows, at + section.entrySize),
      });
    });
    return sections;
  }
}

/**
 * A note is the size of its name, the size of its content, and its type, followed by name and content, each padded to 4
 * bytes.
 */
function buildIdIn(notes: Buffer): string | undefined {
  for (let at = 0; at + 12 <= notes.length;) {
    const nameSize = notes.readUInt32LE(at);
    const size = notes.readUInt32LE(at + 4);
    const from = at + 12 + Math.ceil(nameSize / 4) * 4;
    const end = from + size;
    if (end > notes.length) return undefined;
    const isBuildId =
      notes.readUInt32LE(at + 8) === NT_GNU_BUILD_ID && notes.toString("latin1", at + 12, at + 16) === "GNU\0";
    if (isBuildId && size >= 8 && size <= 64) return notes.toString("hex", from, end);
    at = from + Math.ceil(size / 4) * 4;
  }
  return undefined;
}
