// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counts calls of prctl(TICK, number, NULL, length), which no other program makes, in tables by
 * the number's last digit. */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"
#include "table.bpf.h"

#define SYS_PRCTL 157
#define TICK 0x7469636b

const volatile bool keep;

struct digit {
	__u32 digit;
	__u8 _pad[4];
};

struct numbers {
	__u64 count;
	__u64 sum;
	__u64 most;
	__u64 fewest;
	__u64 log2[16];
	__u64 linear[8];
};

TABLE(numbers, struct digit, struct numbers, 16, 0)

struct last {
	__u64 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct digit);
	__type(value, struct last);
} latest SEC(".maps");

struct tick_event {
	struct who who;
	__u64 number;
};
RECORD(tick_event);

const volatile bool tables;

SEC("tp_btf/sys_enter")
int BPF_PROG(tick, struct pt_regs *regs, long call)
{
	if (call != SYS_PRCTL || regs->di != TICK || drop_current())
		return 0;

	__u64 number = regs->si;
	struct digit key = {.digit = number % 10};

	if (keep) {
		struct last value = {.number = number};

		bpf_map_update_elem(&latest, &key, &value, BPF_ANY);
	} else if (tables) {
		struct numbers *entry = numbers_entry(&key);

		if (!entry)
			return 0;
		ADD(entry->count, 1);
		ADD(entry->sum, number);
		RAISE(entry->most, number);
		if (number && (!entry->fewest || number < entry->fewest))
			entry->fewest = number;
		COUNT_LOG2(entry->log2, number);
		COUNT_LINEAR(entry->linear, number, 100);
	} else {
		struct tick_event event = {.number = number};

		fill_who(&event.who);
		emit(&event, sizeof(event));
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
