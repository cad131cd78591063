import { mergeConfig } from "vitest/config";

import base from "../../vitest.config.js";

// The tests of `npm run test:fleet`, which need ClickHouse's engine.
const { projects: _, ...test } = base.test!;
export default mergeConfig(
  { ...base, test },
  {
    root: new URL("../..", import.meta.url).pathname,
    test: {
      include: ["packages/*/test/**/*.fleet.test.ts"],
      globalSetup: ["testing/kernel-mounts.ts", "testing/build.ts", "testing/environment.ts"],
      pool: "forks",
    },
  },
);
