import { defineConfig } from "vitest/config";

import base from "../../vitest.config.js";

const NO_PROJECTS = { projects: undefined } as object;

// The tests of `npm run test:fleet`, which need ClickHouse's engine.
export default defineConfig({
  ...base,
  root: new URL("../..", import.meta.url).pathname,
  test: {
    ...base.test,
    ...NO_PROJECTS,
    include: ["packages/*/test/**/*.fleet.test.ts"],
    globalSetup: ["testing/kernel-mounts.ts", "testing/build.ts", "testing/environment.ts"],
    pool: "forks",
  },
});
