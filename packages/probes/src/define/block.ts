import { existsSync, readdirSync } from "node:fs";

import type { Variant } from "@rxbpf/core/bpf";

import { show, text, UsageError } from "./options.js";
import { selecting } from "./selection.js";

/** The option that selects a disk by name, for a probe whose program includes bpf/include/block.bpf.h. */
const diskName = {
  ...text("only the disk DISK, such as sda", { short: "d", value: "DISK", mostBytes: 31 }),
  choices: () => (existsSync("/sys/block") ? readdirSync("/sys/block") : []),
};
export const disk = selecting(diskName, {
  constants: (name) => ({ by_disk: true, only_disk: name }),
  field: "disk",
  matches: (name, event: { readonly disk: string }) => event.disk === name,
});

/** @throws UsageError for a name that no disk has; does not check where /sys/block is missing */
export function checkDisk({ disk }: { readonly disk?: string }): void {
  if (disk === undefined || !existsSync("/sys/block")) return;
  const disks = readdirSync("/sys/block");
  if (!disks.includes(disk)) throw new UsageError(`disk takes one of ${disks.join(" ")}, not ${show(disk)}`);
}

const COMPLETE = ["rq_complete", "rq_complete_in_softirq", "rq_complete_in_irq"] as const;

/** The variants of a probe whose program includes bpf/include/block.bpf.h. */
export const blockVariants: readonly Variant[] = [
  { programs: ["io_start", "rq_issue", "rq_merge", ...COMPLETE], interruptible: COMPLETE },
  {
    programs: ["rq_insert", "rq_issue_at_once", "rq_merge", ...COMPLETE],
    interruptible: COMPLETE,
    lacks: "who made a request that a kernel thread hands to the disk",
  },
];
