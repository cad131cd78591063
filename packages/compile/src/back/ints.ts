import { type Assembler, fits, type Label, type Register } from "./assembler.js";
import type { Int } from "../ir/types.js";

/** A number needs more registers at once than there are. */
export class TooComplex extends Error {
  constructor() {
    super("it needs more registers than BPF has");
  }
}

/** The registers of numbers. All are free where a test begins; the input's address is in `INPUT`. */
export const INPUT: Register = 6;
export const FREE: readonly Register[] = [1, 2, 3, 4, 5, 0, 7, 8, 9];

/** Computes a number into the first of the free registers. `doubtful` is where a number leads that cannot be decided. */
export function computeInt(code: Assembler, int: Int, free: readonly Register[], doubtful: Label): Register {
  const [to, next, ...others] = free;
  if (to === undefined) throw new TooComplex();
  switch (int.kind) {
    case "constant":
      code.set(to, int.value);
      break;
    case "load": {
      const { size, signed, offset } = int.place;
      code.load(size, to, INPUT, offset);
      if (signed && size < 8) {
        const unused = BigInt(64 - 8 * size);
        code.constant("shl", to, unused);
        code.constant("sar", to, unused);
      }
      if (int.most === undefined) break;
      if (next === undefined) throw new TooComplex();
      code.set(next, int.most);
      code.jumpIf(signed ? ">" : ">u", to, next, doubtful);
      if (signed) {
        code.set(next, -int.most);
        code.jumpIf("<", to, next, doubtful);
      }
      break;
    }
    case "binary": {
      const { op, a, b } = int;
      if (b.kind === "constant" && fits(b.value)) {
        computeInt(code, a, free, doubtful);
        code.constant(op, to, b.value);
        break;
      }
      if (next === undefined) throw new TooComplex();
      // The one that needs more registers comes first, while more are free.
      if (needs(a) >= needs(b)) {
        computeInt(code, a, free, doubtful);
        computeInt(code, b, [next, ...others], doubtful);
      } else {
        computeInt(code, b, [next, to, ...others], doubtful);
        computeInt(code, a, [to, ...others], doubtful);
      }
      code.register(op, to, next);
    }
  }
  return to;
}

/** How many registers a number needs at most at once. */
function needs(int: Int): number {
  if (int.kind === "load") return int.most === undefined ? 1 : 2;
  if (int.kind === "constant") return 1;
  const [a, b] = [needs(int.a), needs(int.b)];
  return a === b ? a + 1 : Math.max(a, b);
}
