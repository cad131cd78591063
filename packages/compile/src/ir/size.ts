import type { Int, Test } from "./types.js";

/** How many parts a test has, counting each as often as code would be made for it. */
export function sizeOf(test: Test): number {
  return sizeOfPart(test, new Map());
}

/** @param known sizes of parts: a part can occur often, and nothing is counted twice */
function sizeOfPart(part: Test | Int, known: Map<Test | Int, number>): number {
  const before = known.get(part);
  if (before !== undefined) return before;
  const size = partsOf(part).reduce((sum, one) => sum + sizeOfPart(one, known), 1);
  known.set(part, size);
  return size;
}

function partsOf(part: Test | Int): readonly (Test | Int)[] {
  switch (part.kind) {
    case "compare":
    case "binary":
      return [part.a, part.b];
    case "not":
      return [part.test];
    case "all":
    case "any":
      return part.tests;
    case "if":
      return [part.test, part.yes, part.no];
    default:
      return [];
  }
}
