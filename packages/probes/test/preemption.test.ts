import { readdirSync, readFileSync } from "node:fs";

import { BpfObject } from "@rxbpf/core/bpf";
import { expect, test } from "vitest";

const folder = new URL("../bpf/", import.meta.url);
const names = readdirSync(folder).map((file) => file.replace(/\.bpf\.o$/, ""));

/** Where the kernel has switched off interrupts, soft ones at least, or preemption itself. */
const NEVER_PREEMPTED = ["sched_switch", "sched_wakeup", "sched_wakeup_new", "signal_deliver", "tcp_destroy_sock"];
/** Programs that only kernels before 7.0 run, and those that are there three times, or beside others that are. */
const NEED_NONE = [
  ...["io_uring_submit_sqe", "io_uring_complete_result", "rq_insert", "rq_issue_at_once"],
  ...["rq_complete", "rq_complete_in_softirq", "rq_complete_in_irq"],
  ...["state_by_packet", "retransmit"],
];

/** The names of programs at tracepoints that a preemptible kernel may preempt, and that have nothing for it. */
function preempted(object: BpfObject): readonly string[] {
  const { programs } = object;
  return programs.filter((name) => {
    const [, hook] = /^(?:tp_btf|raw_tp|raw_tracepoint)\/(.*)$/.exec(object.section(name).replace(/^\?/, "")) ?? [];
    if (hook === undefined || NEVER_PREEMPTED.includes(hook) || NEED_NONE.includes(name)) return false;
    return !/_preemptible_\d$/.test(name) && !programs.some((one) => one.startsWith(`${name}_preemptible`));
  });
}

test.each(names)("%s has for a preemptible kernel what bpf/include/preemption.bpf.h asks for", (name) => {
  const object = BpfObject.open(name, readFileSync(new URL(`${name}.bpf.o`, folder)));
  try {
    expect(preempted(object)).toEqual([]);
  } finally {
    object.close();
  }
});
