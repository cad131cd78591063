// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * For programs at the scheduler's hooks: marks when something begins for a thread. The mark is
 * in the thread's task storage, so that no process can use up another's room. Kernel 5.11.
 */
#pragma once

#include "event.bpf.h"
#include "versions.bpf.h"

__u64 lost_no_room_for_mark;

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} marks SEC(".maps");

/* Each processor has an idle task, which runs when there is nothing to do. */
static __always_inline bool is_idle(struct task_struct *task)
{
	return task->pid == 0;
}

/* Whether a thread that leaves its processor could go on. */
static __always_inline bool is_runnable(struct task_struct *task)
{
	return task_state(task) == 0;
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

/* Returns the nanoseconds since the mark of a thread and removes the mark; 0 if there is none. */
static __always_inline __u64 since_mark(struct task_struct *task)
{
	__u64 *at = bpf_task_storage_get(&marks, task, 0, 0);
	__u64 start = at ? *at : 0;

	if (!start)
		return 0;
	*at = 0;
	return event_time() - start;
}
