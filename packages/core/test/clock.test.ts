import { setTimeout as wait } from "node:timers/promises";

import { expect, test } from "vitest";

import { EventClock } from "../src/clock.js";

const SECOND = 1_000_000_000n;

/** A clock of events and a machine's clock that the test sets. */
function clocks() {
  let ns = 1_700_000_000n * SECOND;
  const clock = new EventClock(() => ({ ns, withinNs: 100n }));
  return { clock, start: ns, set: (by: bigint) => void (ns += by) };
}

test("all streams that run at the same time share one difference, even if the machine's clock is set", () => {
  const { clock, start, set } = clocks();
  const end = clock.keep(() => {});
  set(3600n * SECOND);
  clock.keep(() => {});
  expect(clock.offsetNs).toBe(start);
  end();
  clock.keep(() => {});
  expect(clock.offsetNs).toBe(start);
});

test("it is measured again if the clock was set and a stream starts when no other runs", () => {
  const { clock, start, set } = clocks();
  clock.keep(() => {})();
  set(900_000n); // within the error of measurement
  clock.keep(() => {})();
  expect(clock.offsetNs).toBe(start);
  set(-5n * SECOND);
  clock.keep(() => {})();
  expect(clock.offsetNs).toBe(start + 900_000n - 5n * SECOND);
});

test("every stream is told once that the clock was set, and by how much since the measurement", () => {
  const { clock, set } = clocks();
  const [first, second]: [string[], string[]] = [[], []];
  clock.keep((message) => first.push(message));
  clock.look();
  expect(first).toEqual([]);
  expect(clock.description).toMatch(/^CLOCK_BOOTTIME, .* began$/);
  set(-90n * SECOND);
  clock.look();
  clock.keep((message) => second.push(message));
  clock.look();
  set(91n * SECOND);
  clock.look();
  clock.look();
  expect(clock.description).toMatch(/began; the machine's clock has been set 1 s forward since$/);
  set(-SECOND);
  clock.look();
  const again = "the machine's clock is back to what it was when tracing began";
  const [back, forward] = [/^the machine's clock has been set 90 s back since /, /^.* set 1 s forward since /];
  for (const told of [first, second])
    expect(told).toEqual([expect.stringMatching(back), expect.stringMatching(forward), again]);
});

test("it checks the clock by itself while a stream runs, and then stops", async () => {
  const { clock, set } = clocks();
  const told: string[] = [];
  const end = clock.keep((message) => told.push(message));
  set(SECOND);
  await expect.poll(() => told.length, { timeout: 5000 }).toBe(1);
  end();
  set(SECOND);
  await wait(1500);
  expect(told).toHaveLength(1);
});
