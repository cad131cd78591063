// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts calls and returns of a function, with their values, and the ticks of clocks. */
#include "event.bpf.h"
#include "table.bpf.h"

struct seen_key {
	__u32 cpu;
	__u32 what; /* 0: a call, 1: a return, 2: a tick */
};

struct seen {
	__u64 count;
	__u64 sum;
};

TABLE(seen, struct seen_key, struct seen, 1024, 0)

static __always_inline void see(__u32 what, __u64 value)
{
	struct seen_key key = {.cpu = what == 2 ? bpf_get_smp_processor_id() : 0, .what = what};
	struct seen *entry = seen_entry(&key);

	if (!entry)
		return;
	ADD(entry->count, 1);
	ADD(entry->sum, value);
}

SEC("uprobe")
int called(struct pt_regs *regs)
{
	see(0, regs->di);
	return 0;
}

SEC("uretprobe")
int returned(struct pt_regs *regs)
{
	see(1, regs->ax);
	return 0;
}

SEC("perf_event")
int ticked(void *context)
{
	see(2, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
