import type { Unit } from "@rxbpf/core/events";
import type { Observable } from "rxjs";

import type { Format } from "../sink.js";
import { StackSums } from "./sums.js";

/** Units as the formats of profiles call them. */
export const UNITS: Readonly<Record<Unit, string>> = {
  ns: "nanoseconds",
  us: "microseconds",
  ms: "milliseconds",
  s: "seconds",
  bytes: "bytes",
  kB: "kilobytes",
};

/**
 * A format that holds one sum for each stack, and so is written at the end.
 * @throws TypeError if the source's events have no stacks, or come from several probes
 */
export function stackFormat<E>(source: Observable<E>, whole: (stacks: StackSums) => string | Uint8Array): Format<E> {
  const stacks = new StackSums(source);
  return {
    row: (table) => {
      stacks.add(table);
      return "";
    },
    lost: () => "",
    tail: () => whole(stacks),
  };
}
