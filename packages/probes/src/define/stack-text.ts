import { type Frame, printable } from "@rxbpf/core";
import { CUT, foldedLine, looksCut, type NamedRow, type ShownName } from "@rxbpf/core/events";

import { shownNames, shownText } from "./show.js";
import type { TableText } from "./table-text.js";

/** A row with the stacks of a thread. */
export interface Stacked extends NamedRow {
  readonly pid: number;
  readonly comm: string;
  readonly kernelStack: readonly Frame[];
  readonly userStack: readonly Frame[];
}

export interface StackTextOptions {
  /** One line for each stack, outermost frame first, separated by `;`: the input for flame graphs. */
  readonly folded?: boolean | undefined;
  /** Puts `--` between kernel frames and user frames. */
  readonly delimited?: boolean | undefined;
  /** Adds `_[k]` to the names of kernel functions. */
  readonly annotations?: boolean | undefined;
  /** Shows each frame's address before its name. */
  readonly addresses?: boolean | undefined;
  /** Shows each frame's offset into its function, in bytes. */
  readonly offsets?: boolean | undefined;
  /** Shows names of the cgroup: of a folded stack, as its outermost frames. */
  readonly show?: readonly ShownName[] | undefined;
}

/** Stacks as BCC's tools write them, each with its number. */
export function stackText<R extends Stacked>(number: (row: R) => number, options: StackTextOptions = {}): TableText<R> {
  const { folded, delimited, addresses } = options;
  const textOf = shownText(options);
  const { kernel, user } = frameNames(options);
  const line = (frame: Frame, name: string): string =>
    `    ${addresses ? `0x${frame.address.slice(2).padStart(16, "0")} ` : ""}${printable(name)}\n`;
  return ({ rows }) =>
    rows
      .map((row) => {
        if (folded) return foldedLine(namesFrom(row, options), number(row));
        const { kernelStack, userStack, comm, pid } = row;
        const cut = isCut(row) ? [CUT] : [];
        const frames = [
          ...kernelStack.map((frame) => line(frame, kernel(frame))),
          ...(isSplit(row, delimited) ? ["    --\n"] : []),
          ...userStack.map((frame) => line(frame, user(frame))),
          ...cut.map((text) => `    ${text}\n`),
        ];
        return `${frames.join("")}    ${"-".padEnd(16)} ${printable(comm)} (${pid})${printable(textOf(row))}\n        ${number(row)}\n\n`;
      })
      .join("");
}

/** The names of a row's cgroup, as asked for, of its thread and of its functions, from the outermost to the innermost. */
export function namesFrom(row: Stacked, options: StackTextOptions): readonly string[] {
  const { kernel, user } = frameNames(options);
  const users = [...row.userStack.map(user), ...(isCut(row) ? [CUT] : [])].reverse();
  const between = isSplit(row, options.delimited) ? ["-"] : [];
  const shown = shownNames(options)(row).map(([, name]) => name);
  return [...shown, row.comm, ...users, ...between, ...row.kernelStack.map(kernel).reverse()];
}

function isCut({ userStack }: Stacked): boolean {
  return userStack.length > 0 && looksCut(userStack);
}

function isSplit({ kernelStack, userStack }: Stacked, delimited: boolean | undefined): boolean {
  return delimited === true && kernelStack.length > 0 && userStack.length > 0;
}

/** How frames of the kernel and of processes are named. */
function frameNames({ offsets, annotations }: StackTextOptions) {
  const user = ({ name, offset }: Frame): string => (offsets ? `${name}+0x${offset.toString(16)}` : name);
  const kernel = (frame: Frame): string => user(frame) + (annotations ? "_[k]" : "");
  return { kernel, user };
}
