// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What programs at the scheduler share: a mark of when something began for a thread. It is kept with the thread itself,
 * so that nobody can use up another's room. Kernel 5.11.
 */
#pragma once

#include "event.bpf.h"

__u64 lost_no_room_for_mark;

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} marks SEC(".maps");

/* There is one for each processor, which it runs when it has nothing to do. */
static __always_inline bool is_idle(struct task_struct *task)
{
	return task->pid == 0;
}

/* TASK_RUNNING, 0, or what a thread waits in: bits of include/linux/sched.h. */
static __always_inline __u64 state_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return BPF_CORE_READ((struct task_struct___state *)task, state);
}

/* Whether a thread that is put off its processor could go on. */
static __always_inline bool is_runnable(struct task_struct *task)
{
	return state_of(task) == 0;
}

/* Marks that something begins for a thread now. */
static __always_inline void mark(struct task_struct *task)
{
	__u64 *at = bpf_task_storage_get(&marks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (at)
		*at = event_time();
	else
		LOST(lost_no_room_for_mark);
}

/* Nanoseconds since the mark of a thread, which it takes away; 0 where there is none. */
static __always_inline __u64 since_mark(struct task_struct *task)
{
	__u64 *at = bpf_task_storage_get(&marks, task, 0, 0);
	__u64 start = at ? *at : 0;

	if (!start)
		return 0;
	*at = 0;
	return event_time() - start;
}
