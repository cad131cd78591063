import { PinnedSet } from "@rxbpf/filters";
import { onTestFinished } from "vitest";

import { makeCgroup, pinPath } from "./kernel-objects.js";
import { startShell } from "./shell.js";

/**
 * Starts a shell in a cgroup and a mount namespace of its own, another shell outside of both, and makes two filters
 * that each accept only the first. Everything ends with the test.
 */
export async function insideAndOutside() {
  const cgroup = makeCgroup();
  const [inside, outside] = [await startShell(["unshare", "-m", "bash"]), await startShell()];
  inside.enter(cgroup);
  const cgroups = PinnedSet.create(pinPath(), "cgroup");
  const namespaces = PinnedSet.create(pinPath(), "mntns");
  onTestFinished(() => {
    cgroups.close();
    namespaces.close();
  });
  cgroups.add(cgroup);
  namespaces.add({ pid: inside.pid });
  return { inside, outside, cgroup, filters: [{ cgroupmap: cgroups.path }, { mntnsmap: namespaces.path }] as const };
}
