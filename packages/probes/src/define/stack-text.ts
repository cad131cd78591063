import { type Frame, printable } from "@rxbpf/core";
import { CUT, foldedLine, looksCut, type NamedRow, type ShownName } from "@rxbpf/core/events";

import { shownNames, shownText } from "./show.js";
import type { TableText } from "./table-text.js";

interface Stacked extends NamedRow {
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
  const [namesOf, textOf] = [shownNames(options), shownText(options)];
  const kernel = (frame: Frame): string => frameName(frame, options) + (options.annotations ? "_[k]" : "");
  const user = (frame: Frame): string => frameName(frame, options);
  const line = (frame: Frame, name: string): string =>
    `    ${addresses ? `0x${frame.address.slice(2).padStart(16, "0")} ` : ""}${printable(name)}\n`;
  return ({ rows }) =>
    rows
      .map((row) => {
        const { kernelStack, userStack, comm, pid } = row;
        const cut = userStack.length > 0 && looksCut(userStack) ? [CUT] : [];
        const isSplit = delimited && kernelStack.length > 0 && userStack.length > 0;
        if (folded) {
          const between = isSplit ? ["-"] : [];
          const users = [...userStack.map(user), ...cut].reverse();
          const frames = [comm, ...users, ...between, ...kernelStack.map(kernel).reverse()];
          return foldedLine([...namesOf(row).map(([, name]) => name), ...frames], number(row));
        }
        const frames = [
          ...kernelStack.map((frame) => line(frame, kernel(frame))),
          ...(isSplit ? ["    --\n"] : []),
          ...userStack.map((frame) => line(frame, user(frame))),
          ...cut.map((text) => `    ${text}\n`),
        ];
        return `${frames.join("")}    ${"-".padEnd(16)} ${printable(comm)} (${pid})${printable(textOf(row))}\n        ${number(row)}\n\n`;
      })
      .join("");
}

function frameName({ name, offset }: Frame, { offsets }: StackTextOptions): string {
  return offsets ? `${name}+0x${offset.toString(16)}` : name;
}
