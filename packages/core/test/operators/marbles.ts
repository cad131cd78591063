import { TestScheduler } from "rxjs/testing";
import { expect } from "vitest";

/**
 * Runs a test in virtual time. It ends when no timer is left, so an operator that leaves one behind never lets it end.
 */
export function marbles(work: Parameters<TestScheduler["run"]>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(work);
}
