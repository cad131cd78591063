// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tables: what is kept in the kernel by key. An entry that user space takes out of a map may at
 * that moment be in the hands of a program, whose change would be lost with it. So two maps take
 * turns: user space says which one is written, and takes the other when no program can hold an
 * entry of it.
 *
 * A program changes an entry with ADD and its like. The loader can make the maps per-CPU ones,
 * where many processors would meet at a few keys: user space then puts their values together.
 */
#pragma once

#include "event.bpf.h"

/*
 * Makes the maps NAME_0 and NAME_1, for ENTRIES keys at most, and NAME_entry(), which finds the
 * entry of a key in the map whose turn it is, or makes it; NULL where there is no room, which is
 * counted. FLAGS is BPF_F_NO_PREALLOC for a table of many keys: not where the program is run by
 * the scheduler or a timer, which must not allocate.
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

/* The greater and the lesser of a number of an entry and another: for per-CPU tables, where nobody else writes. */
#define RAISE(number, to)              \
	do {                           \
		if ((number) < (to))   \
			(number) = to; \
	} while (0)

/* The slot of a histogram by powers of two, of SLOTS: 0 is 0 and 1, 1 is 2 and 3, 2 is 4 to 7; the last holds what is more. */
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

/* The same in parts of equal width. */
#define COUNT_LINEAR(histogram, value, width)                                    \
	do {                                                                     \
		const __u32 _slots = sizeof(histogram) / sizeof((histogram)[0]); \
		__u64 _slot = (value) / (width);                                 \
		if (_slot >= _slots)                                             \
			_slot = _slots - 1;                                      \
		ADD((histogram)[_slot], 1);                                      \
	} while (0)
