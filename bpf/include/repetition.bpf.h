// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The form of a program with typed arguments for a preemptible kernel (see preemption.bpf.h):
 * three programs see the same event one after the other, and each does what those before it have
 * not done. An event is lost only while preempted tasks are in all three. A fourth program at
 * perf's tracepoint, which is not preempted, counts lost events that a process has caused.
 */
#pragma once

#include "event.bpf.h"
#include "preemption.bpf.h"

/*
 * Makes three programs of the body that follows, NAME_preemptible_1 to NAME_preemptible_3, for
 * the program NAME at tp_btf/HOOK. The body has the hook's arguments in CTX and the program's
 * number in TIME. It must not build a record in scratch memory, as another of the three may be
 * building one there.
 */
#define THREE_TIMES(hook, name)                                                    \
	static __always_inline int name##_each(unsigned long long *ctx, int time); \
	ONE_TIME(hook, name, 1)                                                    \
	ONE_TIME(hook, name, 2)                                                    \
	ONE_TIME(hook, name, 3)                                                    \
	static __always_inline int name##_each(unsigned long long *ctx, int time)

#define ONE_TIME(hook, name, time)                             \
	SEC("?tp_btf/" #hook)                                  \
	int name##_preemptible_##time(unsigned long long *ctx) \
	{                                                      \
		return name##_each(ctx, time);                 \
	}

/* Events that came while preempted tasks were in all of the programs for them. */
__u64 lost_programs_preempted;

enum mark { NO_MARK, MARK_SEEN, MARK_CHECKED };

/* A mark on the current task for its events of one kind. */
#define SEEN(name)                                       \
	struct {                                         \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE); \
		__uint(map_flags, BPF_F_NO_PREALLOC);    \
		__type(key, int);                        \
		__type(value, enum mark);                \
	} name##_preemptible SEC(".maps");

static __always_inline enum mark *mark_of_current(void *map)
{
	return bpf_task_storage_get(map, bpf_get_current_task_btf(), 0,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/*
 * For the three programs. Does nothing in an interrupt, where the current task has nothing to do
 * with the event.
 */
static __always_inline void mark_seen(void *map)
{
	enum mark *mark = mark_of_current(map);

	if (mark)
		*mark = MARK_SEEN;
}

/*
 * For the fourth program, NAME_preemptible_end. If another tracer has made it run before the
 * three, it finds the mark of the task's previous event.
 */
static __always_inline void check_seen(void *map)
{
	enum mark *mark = mark_of_current(map);

	if (!mark)
		return;
	if (*mark == MARK_CHECKED)
		LOST(lost_programs_preempted);
	*mark = MARK_CHECKED;
}

/*
 * Makes the fourth program for NAME, at perf's tracepoint HOOK, whose fields are EVENT in a TYPE.
 * It checks the events for which CONDITION holds: those that the three programs mark.
 */
#define CHECK_SEEN(hook, name, type, condition)               \
	SEC("?tp/" hook)                                      \
	int name##_preemptible_end(type *event)               \
	{                                                     \
		if (condition)                                \
			check_seen(&name##_seen_preemptible); \
		return 0;                                     \
	}
