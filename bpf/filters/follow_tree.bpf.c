// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Marks the threads of trees of processes: all that a process has started, and that these have
 * started. A mark lies in the thread's own storage, which ends with it, so no reused pid has it.
 * A new thread gets it from the one that makes it, before it runs: so whoever becomes its parent
 * later, when that one has ended, changes nothing.
 */
#include "event.bpf.h"
#include "repetition.bpf.h"

#define MOST_ROOTS 64
const volatile __u32 roots_count;
const volatile __u64 roots[MOST_ROOTS]; /* identities of processes: see task.bpf.h */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} tree_members SEC(".maps");

__u64 lost_members; /* threads that could not be marked */

static __always_inline bool is_marked(struct task_struct *task)
{
	return bpf_task_storage_get(&tree_members, task, 0, 0);
}

/* A process is a member if its first thread is marked, or that which took its place by an exec. */
static __always_inline bool is_member(struct task_struct *task)
{
	return is_marked(task->group_leader);
}

static __always_inline bool add(struct task_struct *task)
{
	if (bpf_task_storage_get(&tree_members, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return true;
	LOST(lost_members);
	return false;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(forked, struct task_struct *task, struct task_struct *child)
{
	if (is_member(task))
		add(child);
	return 0;
}

SEEN(forked_seen)

THREE_TIMES(sched_process_fork, forked)
{
	struct task_struct *child = (void *)ctx[1];

	mark_seen(&forked_seen_preemptible);
	if (is_member((void *)ctx[0]) && (time == 1 || !is_marked(child)))
		add(child);
	return 0;
}

CHECK_SEEN("sched/sched_process_fork", forked, void, true)

static __always_inline bool is_root(struct task_struct *task)
{
	__u64 id = process_identity(task);

	for (__u32 i = 0; i < MOST_ROOTS && i < roots_count; i++)
		if (roots[i] == id)
			return true;
	return false;
}

/*
 * Marks those that are there already, and writes the pid of each. To be run until it writes
 * none: a thread may come before its parent.
 */
SEC("iter/task")
int members(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;

	if (!task || is_marked(task))
		return 0;
	if (!is_root(task) && !is_member(task) && !is_member(task->real_parent))
		return 0;
	if (add(task)) {
		__u32 pid = task->pid; /* 6.1 writes nothing from the task itself */

		bpf_seq_write(context->meta->seq, &pid, sizeof(pid));
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
