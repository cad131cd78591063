// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sends an event for each prctl(TICK, number, bytes, length), which no other program calls. */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"
#include "preemption.bpf.h"

#define SYS_PRCTL 157
#define TICK 0x7469636b
#define LENGTH_MAX 256
#ifndef SLOT
#define SLOT 0 /* a test asks for one that does not exist */
#endif

struct tick_event {
	struct who who;
	__u64 number;
	struct text bytes;
	__u8 _pad[4];
};

TEXT_RECORD(tick_event, LENGTH_MAX, 1)

/* Constants that no program asks. */
const volatile char example_text[16];
const volatile __u8 example_number;

/* Invented losses: prctl(TICK, number, NULL, 0) adds the number to both. */
__u64 lost_first;
__u64 lost_second;

AT_SYSCALL_START(tick)
{
	if (nr != SYS_PRCTL || regs->di != TICK || drop_current())
		return 0;

	struct tick_event_record *record = new_record(SLOT);

	if (!record)
		return 0;

	struct tick_event *event = &record->event;
	__u64 number = regs->si;
	void *bytes = (void *)regs->dx;
	__u32 length = regs->r10 & (LENGTH_MAX - 1);

	if (!bytes) {
		__sync_fetch_and_add(&lost_first, number);
		__sync_fetch_and_add(&lost_second, number);
	}
	fill_who(&event->who);
	event->number = number;
	event->bytes.offset = sizeof(*event);
	event->bytes.length = length;
	bpf_probe_read_user(record->tail, length, bytes);
	emit(record, sizeof(*event) + length);
	return 0;
}

/* Its form for preemptible kernels has a hook that no kernel has. */
SEC("tp_btf/sys_enter")
int BPF_PROG(idle)
{
	return 0;
}

SEC("?tp/no_such/tracepoint")
int idle_preemptible(void *event)
{
	return 0;
}

/* The verifier refuses this, as a lookup with an unknown key may find nothing. */
SEC("tp_btf/sys_enter")
int BPF_PROG(careless, struct pt_regs *regs, long call)
{
	__u32 key = call;
	struct tick_event_record *record = bpf_map_lookup_elem(&events_scratch, &key);

	return record->event.number;
}

/* It refuses this too, with a log that is longer than most buffers. */
SEC("tp_btf/sys_enter")
int BPF_PROG(careless_at_length, struct pt_regs *regs, long call)
{
	__u32 key = call;
	struct tick_event_record *record = bpf_map_lookup_elem(&events_scratch, &key);
	volatile __u64 sum = 0;

#pragma unroll
	for (int i = 0; i < 3000; i++)
		sum += i;
	return record->event.number + sum;
}

/* No kernel has this hook. */
SEC("tp_btf/no_such_tracepoint")
int BPF_PROG(hookless, struct pt_regs *regs)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
