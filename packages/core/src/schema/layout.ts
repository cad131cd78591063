import type { Btf, BtfType } from "../bpf/btf.js";
import { LayoutError } from "../errors.js";
import type { Fields } from "./field.js";
import { KINDS, recordForm } from "./kinds.js";
import type { Layout, Place } from "./record.js";
import type { Schema } from "./schema.js";

const cName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Finds the fields of a schema in a program's types. Nested structs count as their members;
 * members whose name starts with `_` are padding.
 * @throws LayoutError with every difference between the two
 */
export function bindLayout({ struct, fields }: Schema<Fields>, btf: Btf): Layout {
  const type = btf.struct(struct);
  if (!type) throw new LayoutError(struct, [`the program has no struct ${struct}`]);
  return bindStruct(struct, type, fields, btf);
}

/** Finds the fields of a map's keys or values, as the program declares them. @throws LayoutError */
export function bindMap(map: string, part: "key" | "value", fields: Fields, btf: Btf): Layout {
  const name = `the ${part} of ${map}`;
  const type = btf.map(map)?.[part];
  if (type?.kind !== "struct") throw new LayoutError(name, [`the program has no map ${map} whose ${part} is a struct`]);
  return bindStruct(name, type, fields, btf);
}

/** @param name what is bound, for messages */
function bindStruct(name: string, type: Struct, fields: Fields, btf: Btf): Layout {
  const struct = name;
  const members = flatten(type, btf);
  const differences = shapeFaults(members, type.size);
  const places: Place[] = [];
  for (const [name, { kind, choices, scale, unit, optional, of = name, find }] of Object.entries(fields)) {
    const form = KINDS[kind].recorded;
    if ((optional && !find) || !form) continue;
    const member = members.find((candidate) => candidate.name === cName(of));
    if (!member) {
      differences.push(`the program has no ${cName(of)}`);
      continue;
    }
    const place = {
      name,
      kind,
      offset: member.offset,
      size: form.size ?? member.size,
      ...(choices && { choices }),
      ...(scale && { scale }),
      ...(unit && { unit }),
      ...(find && { find }),
    };
    differences.push(...placeFaults(place, member));
    places.push(place);
  }
  const known = new Set(Object.keys(fields).map(cName));
  for (const { name } of members) {
    if (!isPadding(name) && !known.has(name)) differences.push(`the schema has no ${name}`);
  }
  if (differences.length > 0) throw new LayoutError(struct, differences);
  return { size: type.size, places };
}

/**
 * The offset of `_record`, which tells structs apart that share a ring. @throws LayoutError if it differs between them
 */
export function recordMark(btf: Btf, [first, ...others]: readonly [string, ...string[]]): number {
  const markOf = (struct: string): number | undefined => {
    const type = btf.struct(struct);
    return type && flatten(type, btf).find(({ name }) => name === "_record")?.offset;
  };
  const mark = markOf(first);
  if (mark === undefined) throw new LayoutError(first, ["the program has no _record"]);
  for (const other of others)
    if (markOf(other) !== mark) throw new LayoutError(other, [`it has no _record at ${mark}, where ${first} has it`]);
  return mark;
}

const isPadding = (name: string): boolean => name.startsWith("_");

/** A record gives the offset of a text in 16 bits. */
const LARGEST = 0xffff;

/** Faults that keep a struct from matching any schema. */
function shapeFaults(members: readonly Member[], size: number): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  let end = 0;
  for (const { name, offset, size, bitField } of members) {
    if (offset > end) faults.push(`${offset - end} unnamed bytes stand before ${name}`);
    end = offset + size;
    if (bitField) faults.push(`${name} is a bit-field`);
    if (seen.has(name) && !isPadding(name)) faults.push(`the program has ${name} twice`);
    seen.add(name);
  }
  if (end < size) faults.push(`${size - end} unnamed bytes stand at the end`);
  if (size > LARGEST) faults.push(`it has ${size} bytes, and a record's texts must begin within ${LARGEST}`);
  return faults;
}

/** How a field differs from the member of its name. */
function placeFaults({ name, kind, offset, size }: Place, member: Member): string[] {
  const faults: string[] = [];
  const form = recordForm(kind);
  const isText = form.member === "text";
  const isArray = form.member === "array";
  const isSigned = form.signed === true;
  if (size !== member.size) faults.push(`${name} is ${kind} of ${size} bytes here and has ${member.size} there`);
  if (isArray !== member.array)
    faults.push(`${name} is ${kind} here and ${member.array ? "an array" : "no array"} there`);
  if (isText !== member.text)
    faults.push(`${name} is ${kind} here and ${member.text ? "a struct text" : "no struct text"} there`);
  if (form.member === "number" && member.signed !== undefined && member.signed !== isSigned)
    faults.push(`${name} is ${kind} here and ${member.signed ? "signed" : "unsigned"} there`);
  const multiple = form.align(size);
  if (offset % multiple !== 0) faults.push(`${name} stands at ${offset}, which is no multiple of ${multiple}`);
  return faults;
}

interface Member {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly array: boolean;
  readonly text: boolean;
  readonly bitField: boolean;
  /** Undefined if it is no integer. */
  readonly signed: boolean | undefined;
}

type Struct = Extract<BtfType, { kind: "struct" }>;

function flatten(type: Struct, btf: Btf, base: number = 0): Member[] {
  return type.members.flatMap(({ name, type: id, offset, bitField }) => {
    const member = btf.resolve(id);
    const text = member.kind === "struct" && member.name === "text";
    if (member.kind === "struct" && !text) return flatten(member, btf, base + offset);
    const signed = member.kind === "int" ? member.signed : undefined;
    const size = btf.sizeOf(id);
    return [{ name, offset: base + offset, size, array: member.kind === "array", text, bitField, signed }];
  });
}
