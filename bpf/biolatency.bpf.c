// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How long requests to block devices take: from their issue to the disk, or from their making,
 * to their completion.
 */
#include "event.bpf.h"
#include "filter.bpf.h"
#include "table.bpf.h"

const volatile __u32 unit_ns = 1000;
const volatile bool with_queue;
const volatile bool per_disk;
const volatile __u32 flags_shown; /* bits of the flags that tell requests apart */

struct request_note {
};

#include "block.bpf.h"

struct latency_key {
	__u32 flags; /* a REQ_OP, and bits above it */
	char disk[32];
};

struct latencies {
	__u64 total_us;
	__u64 latency[36];
};

TABLE(latencies, struct latency_key, struct latencies, 4096, 0)

static __always_inline bool note_made(struct request_note *note, struct request *request)
{
	return !drop_current();
}

static __always_inline void note_issued(struct request_note *note, struct request *request)
{
}

static __always_inline void completed(struct request_state *state, struct request *request)
{
	__u64 start = with_queue ? state->made : state->issued;
	__u64 took = event_time() - start;
	struct latency_key key = {};
	struct latencies *entry;

	if (!start)
		return;
	if (per_disk)
		read_disk_name(key.disk, request);
	if (flags_shown)
		key.flags =
			(request->cmd_flags & ~REQ_OP_MASK & flags_shown) | operation_of(request);
	entry = latencies_entry(&key);
	if (!entry)
		return;
	ADD(entry->total_us, took / 1000);
	COUNT_LOG2(entry->latency, took / unit_ns);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
