// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long threads run without a break, or stay off the processor: from one context switch to
 * the next.
 */
#include "event.bpf.h"
#include "filter.bpf.h"
#include "sched.bpf.h"
#include "table.bpf.h"

const volatile __u32 unit_ns = 1000;
const volatile bool off_cpu;
const volatile bool with_idle;
const volatile bool by_process;
const volatile bool by_thread;

struct stretch_key {
	__u64 cgroup_id; /* 0 if all are counted together */
	__u32 id;	 /* of the process or the thread; 0 if all are counted together */
	char comm[16];
	__u32 _pad;
};

struct stretch {
	__u64 total; /* in the unit */
	__u64 duration[36];
};

TABLE(stretches, struct stretch_key, struct stretch, 10240, 0)

static __always_inline void begins(struct task_struct *task)
{
	if ((with_idle || !is_idle(task)) && !drop_task(task))
		mark(task);
}

static __always_inline void ends(struct task_struct *task)
{
	__u64 nanoseconds = since_mark(task);
	__u64 lasted = nanoseconds / unit_ns;
	struct stretch_key key = {};
	struct stretch *entry;

	if (!nanoseconds)
		return;
	if (by_process || by_thread) {
		key.cgroup_id = cgroup_id(task);
		key.id = by_thread ? task->pid : task->tgid;
		read_comm(key.comm, by_thread ? task : task->group_leader);
	}
	entry = stretches_entry(&key);
	if (!entry)
		return;
	ADD(entry->total, lasted);
	COUNT_LOG2(entry->duration, lasted);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempted, struct task_struct *before, struct task_struct *next)
{
	if (off_cpu) {
		begins(before);
		ends(next);
	} else {
		ends(before);
		begins(next);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
