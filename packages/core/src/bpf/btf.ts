/** Reads BTF, the kernel's type format: Documentation/bpf/btf.rst. Pure: bytes in, types out. */

const KIND = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  funcProto: 13,
  var: 14,
  datasec: 15,
  float: 16,
  declTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

export type BtfType =
  | { readonly kind: "int"; readonly name: string; readonly size: number; readonly signed: boolean }
  | { readonly kind: "array"; readonly name: string; readonly element: number; readonly length: number }
  | { readonly kind: "struct"; readonly name: string; readonly size: number; readonly members: readonly BtfMember[] }
  | { readonly kind: "alias"; readonly name: string; readonly target: number }
  | { readonly kind: "var"; readonly name: string; readonly target: number }
  | { readonly kind: "pointer"; readonly name: string; readonly target: number }
  | { readonly kind: "datasec"; readonly name: string; readonly variables: readonly BtfVariable[] }
  | { readonly kind: "other"; readonly name: string; readonly size: number };

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** The offset in bytes, rounded down for a bit-field. */
  readonly offset: number;
  readonly bitField: boolean;
}

export interface BtfVariable {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** The types of a BPF object or of the kernel, in the BPF Type Format: Documentation/bpf/btf.rst of the kernel. */
export class Btf {
  /** By type id; id 0 is void. */
  readonly #types: BtfType[] = [{ kind: "other", name: "void", size: 0 }];

  /** @throws RangeError if the bytes are truncated or have another format */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const u32 = (at: number): number => view.getUint32(at, true);
    if (bytes.length < 24 || view.getUint16(0, true) !== 0xeb9f)
      throw new RangeError("Cannot read BTF: wrong magic number");
    const header = u32(4);
    const types = header + u32(8);
    const strings = header + u32(16);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const string = (offset: number): string =>
      text.toString("utf8", strings + offset, text.indexOf(0, strings + offset));

    for (let at = types; at < types + u32(12);) {
      const name = string(u32(at));
      const info = u32(at + 4);
      const sizeOrType = u32(at + 8);
      const kind = (info >>> 24) & 0x1f;
      const length = info & 0xffff;
      const bitfields = info >>> 31 === 1;
      const rows = <T>(width: number, read: (at: number) => T): T[] => {
        const start = at;
        at += length * width;
        return Array.from({ length }, (_, i) => read(start + i * width));
      };
      at += 12;
      switch (kind) {
        case KIND.int:
          this.#types.push({ kind: "int", name, size: sizeOrType, signed: ((u32(at) >>> 24) & 1) === 1 });
          at += 4;
          break;
        case KIND.array:
          this.#types.push({ kind: "array", name, element: u32(at), length: u32(at + 8) });
          at += 12;
          break;
        case KIND.struct:
        case KIND.union: {
          const members = rows(12, (row) => ({
            name: string(u32(row)),
            type: u32(row + 4),
            offset: (bitfields ? u32(row + 8) & 0xffffff : u32(row + 8)) >>> 3,
            bitField: bitfields && u32(row + 8) >>> 24 > 0,
          }));
          this.#types.push({ kind: "struct", name, size: sizeOrType, members });
          break;
        }
        case KIND.typedef:
        case KIND.volatile:
        case KIND.const:
        case KIND.restrict:
        case KIND.typeTag:
          this.#types.push({ kind: "alias", name, target: sizeOrType });
          break;
        case KIND.var:
          this.#types.push({ kind: "var", name, target: sizeOrType });
          at += 4;
          break;
        case KIND.ptr:
          this.#types.push({ kind: "pointer", name, target: sizeOrType });
          break;
        case KIND.datasec: {
          const variables = rows(12, (row) => ({ type: u32(row), offset: u32(row + 4), size: u32(row + 8) }));
          this.#types.push({ kind: "datasec", name, variables });
          break;
        }
        default:
          // Of all other kinds only the length matters.
          rows(kind === KIND.enum64 ? 12 : kind === KIND.enum || kind === KIND.funcProto ? 8 : 0, () => 0);
          at += kind === KIND.declTag ? 4 : 0;
          this.#types.push({ kind: "other", name, size: sizeOrType });
      }
    }
  }

  /** The struct with that name, or undefined. */
  struct(name: string): Extract<BtfType, { kind: "struct" }> | undefined {
    return this.#types.find((type) => type.kind === "struct" && type.name === name) as never;
  }

  /** A type by its id, past typedefs and qualifiers. */
  resolve(id: number): BtfType {
    for (let type = this.#types[id]; type; type = this.#types[type.target]) {
      if (type.kind !== "alias") return type;
    }
    throw new RangeError(`Cannot read BTF: it has no type ${id}`);
  }

  /** A type's size in bytes. */
  sizeOf(id: number): number {
    const type = this.resolve(id);
    switch (type.kind) {
      case "array":
        return type.length * this.sizeOf(type.element);
      case "var":
        return this.sizeOf(type.target);
      case "pointer":
        return 8;
      case "datasec":
      case "alias":
        return 0;
      default:
        return type.size;
    }
  }

  /** The types of a map's keys and values, as declared in `.maps`; undefined for what is not declared there. */
  map(name: string): { readonly key: BtfType | undefined; readonly value: BtfType | undefined } | undefined {
    const variable = this.variables().get(name);
    if (variable?.section !== ".maps") return undefined;
    const declared = this.resolve(variable.type);
    const type = declared.kind === "var" ? this.resolve(declared.target) : declared;
    const pointedAt = (member: string): BtfType | undefined => {
      const found = type.kind === "struct" ? type.members.find(({ name }) => name === member) : undefined;
      const pointer = found && this.resolve(found.type);
      return pointer?.kind === "pointer" ? this.resolve(pointer.target) : undefined;
    };
    return { key: pointedAt("key"), value: pointedAt("value") };
  }

  /** The global variables by name, each with its section: `.rodata`, `.bss` or `.data`. */
  variables(): Map<string, BtfVariable & { readonly section: string }> {
    const found = new Map<string, BtfVariable & { readonly section: string }>();
    for (const section of this.#types) {
      if (section.kind !== "datasec") continue;
      for (const variable of section.variables) {
        const { name } = this.resolve(variable.type);
        found.set(name, { ...variable, section: section.name });
      }
    }
    return found;
  }
}
