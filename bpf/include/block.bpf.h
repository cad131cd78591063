// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Requests to block devices. A process makes a request, any task may issue it to the disk later,
 * and an interrupt completes it. So what is noted about its owner is kept under the request from
 * first to last.
 *
 * Programs: io_start and rq_issue; rq_merge; and three for rq_complete. Kernels before 6.5 do
 * not tell when a request is made. There rq_insert and rq_issue_at_once take the place of
 * io_start and rq_issue, and the owner is the task that puts the request into the disk's queue
 * or issues it at once.
 */
#pragma once

#include "event.bpf.h"
#include "repetition.bpf.h"
#include "versions.bpf.h"

const volatile bool by_disk;
const volatile char only_disk[32];

/* The lowest bits of a request's flags say what it is to do; include/linux/blk_types.h. */
#define REQ_OP_MASK 255

enum request_operation {
	REQ_OP_READ = 0,
	REQ_OP_WRITE = 1,
	REQ_OP_FLUSH = 2,
	REQ_OP_DISCARD = 3,
	REQ_OP_SECURE_ERASE = 5,
	REQ_OP_WRITE_ZEROES = 9,
};

static __always_inline void read_disk_name(char *name, struct request *request)
{
	bpf_core_read_str(name, sizeof(only_disk), &disk_of(request)->disk_name);
}

/* Whether a request is for a disk that is not wanted. */
static __always_inline bool drop_disk(struct request *request)
{
	char name[sizeof(only_disk)] = {};

	if (!by_disk)
		return false;
	read_disk_name(name, request);
	for (unsigned int i = 0; i < sizeof(name); i++) {
		if (name[i] != only_disk[i])
			return true;
		if (!name[i])
			break;
	}
	return false;
}

/* A request's operation: a REQ_OP. A write of no bytes is a flush. */
static __always_inline __u8 operation_of(struct request *request)
{
	__u8 operation = request->cmd_flags & REQ_OP_MASK;

	return operation == REQ_OP_WRITE && !request->__data_len ? REQ_OP_FLUSH : operation;
}

/*
 * A program defines `struct request_note`, what it keeps of a request besides its times, before
 * it includes this.
 */
struct request_state {
	__u64 made;
	__u64 issued; /* to its disk, the last time; 0 before, and for a flush that another does too */
	struct request_note note;
};

/*
 * And these after it. The first returns whether the request is wanted; the current task is its
 * owner.
 */
static __always_inline bool note_made(struct request_note *note, struct request *request);
static __always_inline void note_issued(struct request_note *note, struct request *request);
static __always_inline void completed(struct request_state *state, struct request *request);

/*
 * Room for all requests that can be under way. Preallocated, as nothing may be allocated in an
 * interrupt.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct request_state);
} requests SEC(".maps");

static __always_inline struct request_state *state_of(struct request *request)
{
	__u64 key = (__u64)request;

	return bpf_map_lookup_elem(&requests, &key);
}

static __always_inline void forget(struct request *request)
{
	__u64 key = (__u64)request;

	bpf_map_delete_elem(&requests, &key);
}

static __always_inline void made(struct request *request)
{
	struct request_state state = {};
	__u64 key = (__u64)request;

	if (drop_disk(request) || !note_made(&state.note, request)) {
		/* Its memory may have been that of an abandoned request. */
		forget(request);
		return;
	}
	state.made = event_time();
	if (bpf_map_update_elem(&requests, &key, &state, BPF_ANY))
		LOST(lost_map_full);
}

static __always_inline void issued(struct request *request)
{
	struct request_state *state = state_of(request);

	if (!state)
		return;
	/* Only the first time: a busy disk gets it again. */
	if (!state->issued)
		note_issued(&state->note, request);
	state->issued = event_time();
}

SEC("tp_btf/block_io_start")
int BPF_PROG(io_start, struct request *request)
{
	made(request);
	return 0;
}

SEEN(io_start_seen)

THREE_TIMES(block_io_start, io_start)
{
	struct request *request = (void *)ctx[0];

	mark_seen(&io_start_seen_preemptible);
	if (time == 1 || !state_of(request))
		made(request);
	return 0;
}

CHECK_SEEN("block/block_io_start", io_start, void, true)

SEC("tp_btf/block_rq_insert")
int BPF_PROG(rq_insert, struct request *request)
{
	/* Only the first time: a request is put back if the disk is busy. */
	if (!state_of(request))
		made(request);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(rq_issue, struct request *request)
{
	issued(request);
	return 0;
}

SEEN(rq_issue_seen)

THREE_TIMES(block_rq_issue, rq_issue)
{
	struct request *request = (void *)ctx[0];
	struct request_state *state = state_of(request);

	mark_seen(&rq_issue_seen_preemptible);
	if (time == 1 || (state && !state->issued))
		issued(request);
	return 0;
}

CHECK_SEEN("block/block_rq_issue", rq_issue, void, true)

SEC("tp_btf/block_rq_issue")
int BPF_PROG(rq_issue_at_once, struct request *request)
{
	if (!state_of(request))
		made(request);
	issued(request);
	return 0;
}

/* A request that is merged into another is not completed by itself. */
SEC("tp_btf/block_rq_merge")
int BPF_PROG(rq_merge, struct request *request)
{
	forget(request);
	return 0;
}

SEEN(rq_merge_seen)

THREE_TIMES(block_rq_merge, rq_merge)
{
	mark_seen(&rq_merge_seen_preemptible);
	forget((void *)ctx[0]);
	return 0;
}

CHECK_SEEN("block/block_rq_merge", rq_merge, void, true)

static __always_inline void complete(struct request *request, unsigned int bytes)
{
	struct request_state *state = state_of(request);

	/* A disk may complete a request in parts. */
	if (!state || bytes < request->__data_len)
		return;
	completed(state, request);
	forget(request);
}

/*
 * The kernel does not run a program inside itself, and an interrupt may complete a request while
 * a task or a soft interrupt completes another. So there are three programs, and the first that
 * can run does the work.
 */
SEC("tp_btf/block_rq_complete")
int BPF_PROG(rq_complete, struct request *request, int error, unsigned int bytes)
{
	complete(request, bytes);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(rq_complete_in_softirq, struct request *request, int error, unsigned int bytes)
{
	complete(request, bytes);
	return 0;
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(rq_complete_in_irq, struct request *request, int error, unsigned int bytes)
{
	complete(request, bytes);
	return 0;
}
