import { all, any, choose, known, not } from "./make.js";
import type { Obstacle, Test } from "./types.js";

/**
 * The weakest test that the kernel can decide and that is true wherever the given one is. What it lets through,
 * JavaScript must look at again, if there are obstacles.
 */
export function decidable(test: Test): { readonly test: Test; readonly obstacles: readonly Obstacle[] } {
  const obstacles = obstaclesIn(test);
  return { test: obstacles.length === 0 ? test : assume(test, true), obstacles };
}

/** The test with each undecided part taken so that the whole becomes true, or false, more often. */
function assume(test: Test, wanted: boolean): Test {
  switch (test.kind) {
    case "undecided":
      return known(wanted);
    case "not":
      return not(assume(test.test, !wanted));
    case "all":
      return all(...test.tests.map((one) => assume(one, wanted)));
    case "any":
      return any(...test.tests.map((one) => assume(one, wanted)));
    case "if": {
      const [yes, no] = [assume(test.yes, wanted), assume(test.no, wanted)];
      if (obstaclesIn(test.test).length === 0) return choose(test.test, yes, no);
      const [most, least] = [assume(test.test, true), assume(test.test, false)];
      // Wanted true: the test may be either where it is undecided. Wanted false: both must hold there.
      return wanted ? any(all(most, yes), all(not(least), no)) : all(any(not(most), yes), any(least, no));
    }
    default:
      return test;
  }
}

/** What only JavaScript can decide in a test, each once. */
function obstaclesIn(test: Test): readonly Obstacle[] {
  const found = new Map<string, Obstacle>();
  const look = (one: Test): void => {
    switch (one.kind) {
      case "undecided": {
        const { at, message } = one.obstacle;
        found.set(`${at.start} ${at.end} ${message} ${at.source}`, one.obstacle);
        break;
      }
      case "not":
        return look(one.test);
      case "all":
      case "any":
        return one.tests.forEach(look);
      case "if":
        return [one.test, one.yes, one.no].forEach(look);
      default:
    }
  };
  look(test);
  return [...found.values()];
}
