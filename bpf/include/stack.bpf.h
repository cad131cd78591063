// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Stacks. The kernel stores each distinct stack once, under a number, which is part of a table's
 * key. User space names the addresses when it reads the table.
 */
#pragma once

#include "event.bpf.h"

#define STACK_DEPTH \
	127 /* what the kernel gathers at most, if kernel.perf_event_max_stack was not changed */

/* How many of the innermost frames the kernel leaves out: bits 0 to 7 of the flags. */
#define SKIP(frames) ((frames)&BPF_F_SKIP_FIELD_MASK)

/* Stacks that could not be stored: there is no room, or their place is taken. */
__u64 lost_stack_map_full;

/* Makes the map for the stacks of the table NAME, with room for ENTRIES. */
#define STACKS(NAME, ENTRIES)                                    \
	struct {                                                 \
		__uint(type, BPF_MAP_TYPE_STACK_TRACE);          \
		__uint(max_entries, ENTRIES);                    \
		__uint(key_size, sizeof(__u32));                 \
		__uint(value_size, STACK_DEPTH * sizeof(__u64)); \
	} NAME##_stacks SEC(".maps");

/* The number of the stack that a program was called from; negative if there is none. */
static __always_inline __s32 stack_of(void *context, void *map, __u64 flags)
{
	long id = bpf_get_stackid(context, map, flags);

	/* -EFAULT: there is no such stack, as a kernel thread has none in user space. */
	if (id < 0 && id != -14)
		LOST(lost_stack_map_full);
	return id;
}

#define kernel_stack(context, map) stack_of(context, map, 0)
#define user_stack(context, map) stack_of(context, map, BPF_F_USER_STACK)
