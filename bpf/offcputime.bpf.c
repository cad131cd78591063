// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long threads are off the processor, by the stacks at which they left it. A thread's stacks
 * are taken when it leaves the processor, and kept in its task storage until it runs again.
 */
#include "event.bpf.h"
#include "filter.bpf.h"
#include "sched.bpf.h"
#include "stack.bpf.h"
#include "table.bpf.h"

#define PF_KTHREAD 0x00200000

const volatile bool no_user_threads;
const volatile bool no_kernel_threads;
const volatile bool no_kernel_stack;
const volatile bool no_user_stack;
const volatile bool by_state;
const volatile __u64 state_mask; /* 0: runnable threads */
const volatile __u64 least_ns = 1000;
const volatile __u64 most_ns = ~0ULL;

struct blocked_key {
	__u64 cgroup_id;
	__u32 pid;
	__u32 tid;
	__s32 kernel_stack;
	__s32 user_stack;
	char comm[16];
};

struct blocked {
	__u64 time_ns;
	__u64 count;
};

TABLE(blocked, struct blocked_key, struct blocked, 10240, 0)
STACKS(blocked, 16384)

struct leaving {
	__u64 time;
	struct blocked_key key;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct leaving);
} leaving SEC(".maps");

static __always_inline bool is_wanted(struct task_struct *task)
{
	bool kernel_thread = task->flags & PF_KTHREAD;

	if (is_idle(task) || (kernel_thread ? no_kernel_threads : no_user_threads))
		return false;
	if (by_state) {
		__u64 state = task_state(task);

		if (state_mask ? !(state & state_mask) : state != 0)
			return false;
	}
	return !drop_task(task);
}

static __always_inline void leaves(void *context, struct task_struct *task)
{
	struct leaving *left;

	if (!is_wanted(task))
		return;
	left = bpf_task_storage_get(&leaving, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!left) {
		LOST(lost_no_room_for_mark);
		return;
	}
	left->key.cgroup_id = cgroup_id(task);
	left->key.pid = task->tgid;
	left->key.tid = task->pid;
	read_comm(left->key.comm, task);
	left->key.kernel_stack = no_kernel_stack ? -1 : kernel_stack(context, &blocked_stacks);
	left->key.user_stack = no_user_stack || task->flags & PF_KTHREAD
				       ? -1
				       : user_stack(context, &blocked_stacks);
	left->time = event_time();
}

static __always_inline void comes_back(struct task_struct *task)
{
	struct leaving *left = bpf_task_storage_get(&leaving, task, 0, 0);
	struct blocked_key key;
	struct blocked *entry;
	__u64 lasted;

	if (!left || !left->time)
		return;
	lasted = event_time() - left->time;
	left->time = 0;
	if (lasted < least_ns || lasted > most_ns)
		return;
	key = left->key;
	entry = blocked_entry(&key);
	if (!entry)
		return;
	ADD(entry->time_ns, lasted);
	ADD(entry->count, 1);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempted, struct task_struct *before, struct task_struct *next)
{
	leaves(ctx, before);
	comes_back(next);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
