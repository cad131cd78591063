import type { Frame } from "../../values/frame.js";
import { frameText, parseFrame } from "../../values/frame-text.js";
import { ListWriter } from "../column-writers.js";
import type { Field } from "../field.js";
import { type FieldKind, word } from "./kind.js";

/**
 * In C a `__s32`, the result of `kernel_stack` of bpf/include/stack.bpf.h; only in tables. In a row, the frames, the
 * innermost first.
 */
export function kernelStack(doc: string): Field<readonly Frame[]> {
  return { kind: "stack", doc, space: "kernel" };
}
/** The same for `user_stack`: the stack of the process that the row's `pid` names. */
export function userStack(doc: string): Field<readonly Frame[]> {
  return { kind: "stack", doc, space: "user" };
}

export const stackKind: FieldKind = {
  blank: () => [],
  // The stack's number; the output turns it into frames.
  recorded: { member: "number", size: 4, signed: true, align: () => 4, row: (place) => `i32[${word(place)}]` },
  writer: () => new StackWriter(),
  stored: { list: "string" },
  fromFile: () => (frames: string[]) => frames.map(parseFrame),
  fits: (value) => Array.isArray(value) && value.every(isFrame),
};

/** The frames of stacks, written as texts. */
class StackWriter extends ListWriter {
  override value(value: unknown): void {
    super.value((value as readonly Frame[]).map(frameText));
  }
}

function isFrame(value: unknown): boolean {
  return typeof value === "object" && value !== null && "module" in value && "address" in value;
}
