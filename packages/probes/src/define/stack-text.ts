import { type Frame, printable } from "@rxbpf/core";
import { looksCut } from "@rxbpf/core/events";

import type { TableText } from "./table-text.js";

interface Stacked {
  readonly pid: number;
  readonly comm: string;
  readonly kernelStack: readonly Frame[];
  readonly userStack: readonly Frame[];
}

export interface StackTextOptions {
  /** A line for each stack, its frames outermost first with `;` between: what flame graphs are made of. */
  readonly folded?: boolean | undefined;
  /** `--` between the kernel's frames and the process's. */
  readonly delimited?: boolean | undefined;
  /** `_[k]` after the kernel's functions. */
  readonly annotations?: boolean | undefined;
  /** The address before each frame. */
  readonly addresses?: boolean | undefined;
  /** The bytes into the function after each frame. */
  readonly offsets?: boolean | undefined;
}

/** What stands for a stack that could not be followed to its beginning. */
const CUT = "[cut]";

/** Stacks as BCC's tools write them, each with what was counted of it. */
export function stackText<R extends Stacked>(number: (row: R) => number, options: StackTextOptions = {}): TableText<R> {
  const { folded, delimited, addresses } = options;
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
          const names = [comm, ...users, ...between, ...kernelStack.map(kernel).reverse()];
          return `${names.map((name) => printable(name).replaceAll(";", ":")).join(";")} ${number(row)}\n`;
        }
        const frames = [
          ...kernelStack.map((frame) => line(frame, kernel(frame))),
          ...(isSplit ? ["    --\n"] : []),
          ...userStack.map((frame) => line(frame, user(frame))),
          ...cut.map((text) => `    ${text}\n`),
        ];
        return `${frames.join("")}    ${"-".padEnd(16)} ${printable(comm)} (${pid})\n        ${number(row)}\n\n`;
      })
      .join("");
}

function frameName({ name, offset }: Frame, { offsets }: StackTextOptions): string {
  return offsets ? `${name}+0x${offset.toString(16)}` : name;
}
