import { type Assembler, fits, Label, type Register } from "./assembler.js";
import type { BytesPlace, Test } from "../ir/types.js";
import { INPUT } from "./ints.js";

type Match = Extract<Test, { kind: "match" }>;

const STACK: Register = 10;
const PROBE_READ_KERNEL = 113;
/** How many bytes of a text are copied to the stack at once. A program may have 512, with those of its callers. */
const CHUNK = 64;

/** Compares bytes of the input, and jumps to `target` if the result is `when`. */
export function branchOnMatch(code: Assembler, match: Match, target: Label, when: boolean): void {
  const [yes, no] = [new Label(), new Label()];
  const [matched, different] = when ? [target, no] : [yes, target];
  const { place } = match;
  if (place.kind === "pointed") comparePointed(code, match, place.offset, different);
  else if (match.how === "ends" || match.how === "includes") search(code, match, place, matched, different);
  else compare(code, INPUT, place.offset, match.how === "equals" ? whole(match.bytes, place) : match.bytes, different);
  // What goes on here has matched.
  if (when) code.jump(target);
  code.bind(yes);
  code.bind(no);
}

/** The bytes of a whole text: with the NUL that ends it, if there is room for one. */
function whole(bytes: Uint8Array, { kind, size }: Exclude<BytesPlace, { kind: "pointed" }>): Uint8Array {
  return kind === "until-nul" && bytes.length < size ? Uint8Array.from([...bytes, 0]) : bytes;
}

/** Goes on if the bytes at a place are the wanted ones. The stack, and the input, need aligned loads. */
function compare(code: Assembler, base: Register, offset: number, bytes: Uint8Array, different: Label): void {
  const wanted = Buffer.from(bytes);
  for (let at = 0; at < bytes.length;) {
    const size = ([8, 4, 2, 1] as const).find((one) => (offset + at) % one === 0 && at + one <= bytes.length)!;
    const value = size === 8 ? wanted.readBigUInt64LE(at) : BigInt(wanted.readUIntLE(at, size));
    code.load(size, 1, base, offset + at);
    if (fits(value)) code.jumpIfConstant("!=", 1, value, different);
    else {
      code.set(2, value);
      code.jumpIf("!=", 1, 2, different);
    }
    at += size;
  }
}

/** Looks at each place of a text until its NUL. Goes on, or jumps to `matched`, if the bytes are there. */
function search(
  code: Assembler,
  { bytes, how }: Match,
  place: Exclude<BytesPlace, { kind: "pointed" }>,
  matched: Label,
  different: Label,
): void {
  const last = place.size - bytes.length;
  for (let at = 0; at <= last; at++) {
    const next = new Label();
    const isFree = at + bytes.length < place.size;
    const wanted = how === "ends" && isFree ? Uint8Array.from([...bytes, 0]) : bytes;
    compare(code, INPUT, place.offset + at, wanted, at < last ? next : different);
    if (at === last) return;
    code.jump(matched);
    code.bind(next);
    code.load(1, 1, INPUT, place.offset + at);
    code.jumpIfConstant("==", 1, 0n, different);
  }
}

/** Goes on if a text of the input, wherever it is, equals, starts or ends with the bytes. */
function comparePointed(code: Assembler, { bytes, how }: Match, offset: number, different: Label): void {
  const [length, text]: Register[] = [2, 7];
  code.load(2, length!, INPUT, offset + 2);
  code.jumpIfConstant(how === "equals" ? "!=" : "<u", length!, BigInt(bytes.length), different);
  if (bytes.length === 0) return;
  code.load(2, text!, INPUT, offset);
  if (how === "ends") {
    code.register("add", text!, length!);
    code.constant("sub", text!, BigInt(bytes.length));
  }
  code.register("add", text!, INPUT);
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const chunk = bytes.subarray(at, at + CHUNK);
    code.register("mov", 1, STACK);
    code.constant("add", 1, BigInt(-CHUNK));
    code.constant("mov", 2, BigInt(chunk.length));
    code.register("mov", 3, text!);
    if (at > 0) code.constant("add", 3, BigInt(at));
    code.call(PROBE_READ_KERNEL);
    code.jumpIfConstant("!=", 0, 0n, different);
    compare(code, STACK, -CHUNK, chunk, different);
  }
}
