import { TestScheduler } from "rxjs/testing";
import { expect } from "vitest";

/**
 * Runs a test in virtual time. It ends when no timer is left: an operator that left one behind would never let it.
 */
export function marbles(work: Parameters<TestScheduler["run"]>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(work);
}
