import { defineConfig } from "vitest/config";

// Packages resolve to their sources, so tests need the BPF objects built but no dist.
const conditions = ["@rxbpf/source", "module", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["@rxbpf/source"] } },
  test: {
    reporters: ["default", "./scripts/closing-line.ts"],
    // For machines with much else to do. No test is one of speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "scripts/test/**/*.test.ts"],
          exclude: ["**/*.{kernel,fleet,release}.test.ts"],
          globalSetup: ["testing/environment.ts"],
          pool: "forks",
        },
      },
      {
        // Four at a time: they wait more than they work. Each looks only for what it made itself.
        extends: true,
        test: {
          name: "kernel",
          include: ["packages/*/test/**/*.kernel.test.ts"],
          globalSetup: ["testing/kernel-mounts.ts", "testing/build.ts", "testing/environment.ts"],
          pool: "forks",
          maxWorkers: 4,
          // Vitest wants those that have another number of workers in a group of their own, which runs after.
          sequence: { groupOrder: 1 },
        },
      },
      {
        // What takes long, or needs a browser or Go: `npm run test:release`.
        extends: true,
        test: {
          name: "release",
          include: ["packages/*/test/**/*.release.test.ts"],
          globalSetup: ["testing/kernel-mounts.ts", "testing/build.ts", "testing/environment.ts"],
          pool: "forks",
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
