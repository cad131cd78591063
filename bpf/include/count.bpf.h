// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counting in the kernel. An entry that user space takes out of a map may at that moment be
 * in the hands of a program, whose count would be lost with it. So two maps take turns: user
 * space says which one counts, and takes the other when no program can hold an entry of it.
 */
#pragma once

#include "event.bpf.h"

/* Which of the two maps counts, 0 or 1. User space changes it. */
volatile __u32 counts_turn;

/* Makes the maps `counts_0` and `counts_1`; VALUE starts with the __u64 that counts. */
#define COUNTS(KEY, VALUE)                            \
	struct {                                      \
		__uint(type, BPF_MAP_TYPE_HASH);      \
		__uint(max_entries, 65536);           \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__type(key, KEY);                     \
		__type(value, VALUE);                 \
	} counts_0 SEC(".maps"), counts_1 SEC(".maps")

/* Adds one for a key of a map. */
static __always_inline void count_one(void *map, const void *key)
{
	__u64 zero = 0;
	__u64 *counter = bpf_map_lookup_elem(map, key);

	if (!counter) {
		/* Another processor may be first. */
		bpf_map_update_elem(map, key, &zero, BPF_NOEXIST);
		counter = bpf_map_lookup_elem(map, key);
	}
	if (counter)
		__sync_fetch_and_add(counter, 1);
	else
		LOST(lost_map_full);
}

#define COUNT(key)                                 \
	do {                                       \
		if (counts_turn)                   \
			count_one(&counts_1, key); \
		else                               \
			count_one(&counts_0, key); \
	} while (0)
