// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Stacks: the kernel keeps each that was seen once, under a number, which stands in the key of a table. User space
 * names their addresses when it reads the table.
 */
#pragma once

#include "event.bpf.h"

#define STACK_DEPTH \
	127 /* what the kernel gathers at most, if kernel.perf_event_max_stack was not changed */

/* Frames that the kernel should leave out, the innermost first: bits 0 to 7 of the flags. */
#define SKIP(frames) ((frames)&BPF_F_SKIP_FIELD_MASK)

/* Stacks that could not be kept: there is no room, or its place is taken. */
__u64 lost_stack_map_full;

/* Makes the map for the stacks of the table NAME, with room for ENTRIES. */
#define STACKS(NAME, ENTRIES)                                    \
	struct {                                                 \
		__uint(type, BPF_MAP_TYPE_STACK_TRACE);          \
		__uint(max_entries, ENTRIES);                    \
		__uint(key_size, sizeof(__u32));                 \
		__uint(value_size, STACK_DEPTH * sizeof(__u64)); \
	} NAME##_stacks SEC(".maps");

/* The number of the stack that a program was called from; below 0 where there is none. */
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
