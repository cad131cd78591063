import { expect, test } from "vitest";

import { sendSignals } from "../../../testing/faults/signals.mjs";

// A small share of `npm run test:faults`.
test("signals at random moments leave nothing behind, and nothing that still runs", { timeout: 120_000 }, async () => {
  const { left } = await sendSignals(16, 5);
  expect(left).toEqual({ stuck: 0, crashed: 0, "objects in the kernel": 0, "temporary folders": 0 });
});
