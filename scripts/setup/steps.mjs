import { build, isBuilt } from "./build.mjs";
import { installModules, modulesAreInstalled } from "./modules.mjs";
import { installPackages, missingPackages } from "./system.mjs";

/** What each command of package.json needs: kinds of system packages, and whether it needs the build. */
const PURPOSES = {
  start: { packages: ["build"], built: true },
  unit: { packages: ["build", "unit"], built: true },
  test: { packages: ["build", "unit", "test"], built: true },
  release: { packages: ["build", "unit", "test", "release", "format"], built: true },
  bench: { packages: ["build", "bench"], built: true },
  kernels: { packages: ["build", "kernels"], built: true },
  docs: { packages: ["build"], built: true },
  pictures: { packages: ["build", "pictures"], built: true },
  fleet: { packages: ["build", "unit", "test"], built: true },
  faults: { packages: ["build", "unit", "test"], built: true },
  // These build what they need themselves, or need no build.
  check: { packages: ["build", "format"], built: false },
  format: { packages: ["format"], built: false },
  fresh: { packages: ["fresh"], built: false },
};

/**
 * The steps that make the clone ready for a purpose, in order. `done` tells whether a step is needed no more, `act`
 * does it.
 */
export function stepsFor(purpose) {
  // Without root the kernel tests are left out, and so are their packages.
  const known = purpose === "test" && process.getuid() !== 0 ? PURPOSES.unit : PURPOSES[purpose];
  if (!known) throw new Error(`Cannot set up for ${purpose}; there are ${Object.keys(PURPOSES).join(" ")}`);
  const { packages, built } = known;
  return [
    { done: () => missingPackages(packages).length === 0, act: () => installPackages(packages) },
    { done: modulesAreInstalled, act: installModules },
    ...(built ? [{ done: isBuilt, act: build }] : []),
  ];
}
