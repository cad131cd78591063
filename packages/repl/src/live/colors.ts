import type { Output } from "./output.js";

/** Whether to use colours: on a terminal, unless the user wants none (https://no-color.org). */
export function hasColors({ isTTY }: Pick<Output, "isTTY">): boolean {
  return isTTY === true && !process.env["NO_COLOR"];
}
