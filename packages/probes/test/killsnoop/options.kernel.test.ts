import { cgroupId, mountNamespaceOfProcess, PinnedSet } from "@rxbpf/filters";
import { killsnoop } from "@rxbpf/probes";
import { expect, onTestFinished, test } from "vitest";

import { makeCgroup, pinPath } from "../../../../testing/kernel-objects.js";
import { start } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";
import { startShell } from "../../../../testing/shell.js";

test("with a set of cgroups, or of mount namespaces, it shows what a shell inside sends, and not what one outside does", async () => {
  const cgroup = makeCgroup();
  const [inside, outside] = [await startShell(["unshare", "-m", "bash"]), await startShell()];
  inside.enter(cgroup);
  const target = start("sleep", ["1000"]);
  const cgroups = PinnedSet.create(pinPath(), "cgroup");
  const namespaces = PinnedSet.create(pinPath(), "mntns");
  onTestFinished(() => {
    cgroups.close();
    namespaces.close();
  });
  cgroups.add(cgroup);
  namespaces.add({ pid: inside.pid });
  const recordings = [
    await record(killsnoop({ cgroupmap: cgroups.path, tpid: target.pid })),
    await record(killsnoop({ mntnsmap: namespaces.path, tpid: target.pid })),
    await record(killsnoop({ pid: inside.pid, signal: [28] })),
  ];
  const all = await record(killsnoop({ tpid: target.pid }));
  await outside.run(`kill -URG ${target.pid}`);
  await inside.run(`kill -WINCH ${target.pid}`);
  await all.find(({ signal }) => signal === 28);
  for (const recording of recordings)
    expect(await recording.finish()).toMatchObject([
      {
        pid: inside.pid,
        comm: "bash",
        targetPid: target.pid,
        signal: 28,
        ret: 0,
        cgroupId: cgroupId(cgroup),
        mntnsId: mountNamespaceOfProcess(inside.pid),
      },
    ]);
  expect((await all.finish()).map(({ pid, signal }) => [pid, signal])).toEqual([
    [outside.pid, 23],
    [inside.pid, 28],
  ]);
});
