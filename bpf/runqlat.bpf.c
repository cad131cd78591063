// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long threads wait for a processor: from the moment that they become runnable, or are
 * preempted, until they run.
 */
#include "event.bpf.h"
#include "filter.bpf.h"
#include "sched.bpf.h"
#include "table.bpf.h"

const volatile __u32 unit_ns = 1000;
const volatile bool by_process;
const volatile bool by_thread;

struct wait_key {
	__u64 cgroup_id; /* 0 if all are counted together */
	__u32 id;	 /* of the process or the thread; 0 if all are counted together */
	char comm[16];
	__u32 _pad;
};

struct wait {
	__u64 latency[32];
};

TABLE(waits, struct wait_key, struct wait, 10240, 0)

static __always_inline void began(struct task_struct *task)
{
	if (!is_idle(task) && !drop_task(task))
		mark(task);
}

static __always_inline void ended(struct task_struct *task)
{
	__u64 waited = since_mark(task);
	struct wait_key key = {};
	struct wait *entry;

	if (!waited)
		return;
	if (by_process || by_thread) {
		key.cgroup_id = cgroup_id(task);
		key.id = by_thread ? task->pid : task->tgid;
		read_comm(key.comm, by_thread ? task : task->group_leader);
	}
	entry = waits_entry(&key);
	if (entry)
		COUNT_LOG2(entry->latency, waited / unit_ns);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(wakeup, struct task_struct *task)
{
	began(task);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(wakeup_new, struct task_struct *task)
{
	began(task);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempted, struct task_struct *before, struct task_struct *next)
{
	if (is_runnable(before))
		began(before);
	ended(next);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
