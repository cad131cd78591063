// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sends an event for each page fault of the kernel, and causes another fault itself: the kernel
 * does not run it for that one. */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"

#define NOWHERE 0x1000

const volatile __u32 wanted_parent; /* of a `head` */

struct fault_event {
	struct who who;
};
RECORD(fault_event);

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(fault)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fault_event event = {};
	__u64 nothing;
	char comm[16];

	if (drop_current() || task->real_parent->tgid != wanted_parent)
		return 0;
	read_comm(comm, task);
	for (int i = 0; i < (int)sizeof("head"); i++)
		if (comm[i] != "head"[i])
			return 0;
	fill_who(&event.who);
	bpf_probe_read_user(&nothing, sizeof(nothing), (void *)NOWHERE);
	emit(&event, sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
