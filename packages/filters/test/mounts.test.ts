import { expect, test } from "vitest";

import { cgroupMounts } from "@rxbpf/filters";

test("mounts of cgroup v2 are found among others, also with optional tags and escaped characters", () => {
  const mountinfo = [
    "23 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw",
    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
    "42 31 0:38 /a\\040b/c /mnt/tab\\011and\\134back rw shared:7 propagate_from:3 - cgroup2 none rw",
    "43 31 0:40 / /mnt/cgroup2\\040-\\040x rw - tmpfs cgroup2 rw",
    "",
  ].join("\n");

  expect(cgroupMounts(mountinfo)).toEqual([
    { root: "/", path: "/sys/fs/cgroup/unified" },
    { root: "/a b/c", path: "/mnt/tab\tand\\back" },
  ]);
});
