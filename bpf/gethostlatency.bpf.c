// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long the C library takes to resolve a host's name: from the call of its resolver to its
 * return.
 */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"

#define HOST_MAX 256 /* a name has 253 bytes at most */

__u64 lost_no_room_for_call;

struct lookup_event {
	struct who who;
	__u64 latency_ns;
	struct text host;
	__u8 truncated;
	__u8 _pad[3];
};

TASK_TEXT_RECORD(lookup_event, HOST_MAX)

/* A call that has not returned. If one resolver function calls another, the first. */
struct call {
	__u64 start;
	__u32 depth;
	__u32 length;
	char host[HOST_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call);
} calls SEC(".maps");

SEC("uprobe")
int called(struct pt_regs *regs)
{
	const char *host = (const char *)regs->di;
	struct task_struct *task = bpf_get_current_task_btf();
	struct call *call;
	long length;

	if (!host || drop_current())
		return 0;
	call = bpf_task_storage_get(&calls, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call) {
		LOST(lost_no_room_for_call);
		return 0;
	}
	if (call->depth++)
		return 0;
	length = bpf_probe_read_user_str(call->host, HOST_MAX, host);
	call->length = length > 0 ? length - 1 : 0;
	call->start = event_time();
	return 0;
}

SEC("uretprobe")
int returned(struct pt_regs *regs)
{
	struct call *call = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), 0, 0);
	struct lookup_event_record *record;
	__u32 length;

	if (!call || !call->depth || --call->depth)
		return 0;
	record = new_record();
	if (!record)
		return 0;
	length = call->length & (HOST_MAX - 1);
	fill_who(&record->event.who);
	record->event.latency_ns = event_time() - call->start;
	record->event.host.offset = sizeof(record->event);
	record->event.host.length = length;
	record->event.truncated = length == HOST_MAX - 1;
	__builtin_memcpy(record->tail, call->host, HOST_MAX);
	emit_text(record, sizeof(record->event) + length);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
