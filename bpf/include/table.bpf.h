// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tables: values that the kernel keeps by key. While user space takes an entry out of a map, a
 * program may be changing it, and that change would be lost. So two maps take turns: user space
 * says which one programs write, and empties the other once no program can hold an entry of it.
 *
 * A program changes an entry with ADD and the macros below. If many processors would contend for
 * a few keys, the loader can make the maps per-CPU; user space then merges the values.
 */
#pragma once

#include "event.bpf.h"

/*
 * Makes the maps NAME_0 and NAME_1, for at most ENTRIES keys, and NAME_entry(), which finds or
 * makes the entry of a key in the map that is written now. It returns NULL if there is no room,
 * and counts that. FLAGS is BPF_F_NO_PREALLOC for a table of many keys, but not if the scheduler
 * or a timer runs the program, where nothing may be allocated.
 */
#define TABLE(NAME, KEY, VALUE, ENTRIES, FLAGS)                           \
	struct {                                                          \
		__uint(type, BPF_MAP_TYPE_HASH);                          \
		__uint(max_entries, ENTRIES);                             \
		__uint(map_flags, FLAGS);                                 \
		__type(key, KEY);                                         \
		__type(value, VALUE);                                     \
	} NAME##_0 SEC(".maps"), NAME##_1 SEC(".maps");                   \
	/* Which of the two is written, 0 or 1. User space changes it. */ \
	volatile __u32 NAME##_turn;                                       \
	static const VALUE NAME##_empty;                                  \
	static __always_inline VALUE *NAME##_entry(const KEY *key)        \
	{                                                                 \
		if (NAME##_turn)                                          \
			return entry_of(&NAME##_1, key, &NAME##_empty);   \
		return entry_of(&NAME##_0, key, &NAME##_empty);           \
	}

static __always_inline void *entry_of(void *map, const void *key, const void *empty)
{
	void *entry = bpf_map_lookup_elem(map, key);

	if (!entry) {
		/* Another processor may be first. */
		bpf_map_update_elem(map, key, empty, BPF_NOEXIST);
		entry = bpf_map_lookup_elem(map, key);
	}
	if (!entry)
		LOST(lost_map_full);
	return entry;
}

/* Adds to a number of an entry. */
#define ADD(number, amount) __sync_fetch_and_add(&(number), amount)

/*
 * Raises or lowers a number of an entry to another. Only for per-CPU tables, where nobody else
 * writes.
 */
#define RAISE(number, to)              \
	do {                           \
		if ((number) < (to))   \
			(number) = to; \
	} while (0)

/*
 * The slot of a value in a histogram with SLOTS powers of two: slot 0 has 0 and 1, slot 1 has 2
 * and 3, slot 2 has 4 to 7; the last slot has all greater values.
 */
static __always_inline __u32 log2_slot(__u64 value, __u32 slots)
{
	__u32 slot = 0;

	for (int shift = 32; shift > 0; shift >>= 1) {
		if (value >> shift) {
			value >>= shift;
			slot += shift;
		}
	}
	return slot < slots ? slot : slots - 1;
}

/* Counts a value in a histogram of an entry: a `__u64 NAME[SLOTS]`. */
#define COUNT_LOG2(histogram, value)                                             \
	do {                                                                     \
		const __u32 _slots = sizeof(histogram) / sizeof((histogram)[0]); \
		__u32 _slot = log2_slot(value, _slots);                          \
		if (_slot < _slots)                                              \
			ADD((histogram)[_slot], 1);                              \
	} while (0)

/* The same with slots of equal width. */
#define COUNT_LINEAR(histogram, value, width)                                    \
	do {                                                                     \
		const __u32 _slots = sizeof(histogram) / sizeof((histogram)[0]); \
		__u64 _slot = (value) / (width);                                 \
		if (_slot >= _slots)                                             \
			_slot = _slots - 1;                                      \
		ADD((histogram)[_slot], 1);                                      \
	} while (0)
