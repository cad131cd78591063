// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sends an event for each page fault of the kernel, and causes another fault itself: the kernel
 * does not run it for that one. */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"

#define NOWHERE 0x1000

struct fault_event {
	struct who who;
};
RECORD(fault_event);

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(fault)
{
	struct fault_event event = {};
	__u64 nothing;

	if (drop_current())
		return 0;
	fill_who(&event.who);
	bpf_probe_read_user(&nothing, sizeof(nothing), (void *)NOWHERE);
	emit(&event, sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
