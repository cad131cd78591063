import { PinnedSet } from "@rxbpf/filters";
import { onTestFinished } from "vitest";

import { makeCgroup, pinPath } from "./kernel-objects.js";
import { startShell } from "./shell.js";

/**
 * A shell in a cgroup and a mount namespace of its own, another outside of both, and the two filters that each see the first alone.
 * All of it ends with the test.
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
