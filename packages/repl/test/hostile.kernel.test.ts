import { writeFileSync } from "node:fs";

import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { run } from "../../../testing/faults/support/command.mjs";
import { hostile } from "../../../testing/hostile-recordings.mjs";
import { temporaryFolder } from "../../../testing/programs.js";

// A share of testing/faults/hostile-recordings.mjs.
const folder = temporaryFolder();
beforeAll(build, 60_000);

/** Node by itself takes a fifth of it. */
const MOST_MEMORY = 256 << 20;
const attacks = Object.entries(hostile).filter(([name]) => !name.startsWith("a million "));

test.each(attacks)(
  "a file is read in little memory and time, or refused: %s",
  async (_name, make) => {
    const file = `${folder}/hostile.arrow`;
    writeFileSync(file, make());
    for (const args of [
      ["info", file],
      ["replay", file, "--json"],
    ]) {
      const { signal, peak, stderr } = await run(args, 25);
      expect(signal).toBe(null);
      expect(stderr).toMatch(/^(rxbpf: [^\n]*\n)?$/);
      // Refused for its format, it would be read no further.
      expect(stderr).not.toContain("another version");
      expect(peak).toBeLessThan(MOST_MEMORY);
    }
  },
  60_000,
);
