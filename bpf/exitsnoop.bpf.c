// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Processes that end, or each of their threads. A process ends with its last thread. That need
 * not be its first thread, which may have ended long before, or have been replaced by a thread
 * that called exec.
 */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"
#include "preemption.bpf.h"

#define SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h: all threads end, for one reason */

const volatile bool per_thread;
const volatile bool only_failed;

struct exit_event {
	struct who who;
	__u64 start_time;
	__u64 age_us;
	__u8 exit_code;
	__u8 signal;
	__u8 core_dumped;
	__u8 _pad[5];
};
RECORD(exit_event);

struct process {
	__u64 start;
	__u32 pid;
	__u32 _pad;
};

/*
 * Processes whose end was sent: if the last two threads end at once, each finds that no other
 * lives.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct process);
	__type(value, __u8);
} ended SEC(".maps");

static __always_inline bool is_first_to_tell(struct task_struct *leader)
{
	struct process process = {.start = leader->start_boottime, .pid = leader->tgid};
	__u8 told = 1;

	return bpf_map_update_elem(&ended, &process, &told, BPF_NOEXIST) == 0;
}

/* The status that wait(2) returns for a thread or a process. */
static __always_inline __u32 exit_status(struct task_struct *task)
{
	if (!per_thread && task->signal->flags & SIGNAL_GROUP_EXIT)
		return task->signal->group_exit_code;
	return task->exit_code;
}

AT_THREAD_END(thread_exit)
{
	struct task_struct *task = per_thread ? thread : thread->group_leader;
	struct exit_event event = {};
	__u32 status = exit_status(task);

	if (!per_thread && thread->signal->live.counter > 0)
		return 0;
	if (only_failed && status == 0)
		return 0;
	if (drop_named(thread, task) || (!per_thread && !is_first_to_tell(task)))
		return 0;
	fill_who(&event.who);
	event.who.tid = task->pid;
	read_comm(event.who.comm, task);
	event.start_time = task->start_boottime;
	event.age_us = (event.who.time - event.start_time) / 1000;
	event.exit_code = status >> 8;
	event.signal = status & 0x7f;
	event.core_dumped = (status & 0x80) != 0;
	emit(&event, sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
