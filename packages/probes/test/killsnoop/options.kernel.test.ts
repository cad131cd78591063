import { cgroupId, mountNamespaceOfProcess } from "@rxbpf/filters";
import { killsnoop } from "@rxbpf/probes";
import { expect, test } from "vitest";

import { insideAndOutside } from "../../../../testing/containers.js";
import { start } from "../../../../testing/programs.js";
import { record } from "../../../../testing/recording.js";

test("with a set of cgroups, or of mount namespaces, it shows what a shell inside sends, and not what one outside does", async () => {
  const { inside, outside, cgroup, filters } = await insideAndOutside();
  const target = start("sleep", ["1000"]);
  const recordings = await Promise.all(filters.map((filter) => record(killsnoop({ ...filter, tpid: target.pid }))));
  recordings.push(await record(killsnoop({ pid: inside.pid, signal: [28] })));
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
