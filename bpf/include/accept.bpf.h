// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections as processes accept them. The change to TCP_ESTABLISHED runs in the context of any
 * task that handles the packet; only the end of the accepting call runs as the process that gets
 * the connection. The including program defines accepted().
 */
#pragma once

#include "io_uring.bpf.h"
#include "preemption.bpf.h"
#include "repetition.bpf.h"
#include "syscall.bpf.h"
#include "tcp.bpf.h"
#include "versions.bpf.h"

/* Called as the accepting process, once for each connection that it gets. */
static void accepted(struct sock *sk);

AT_SYSCALL_END(sys_exit)
{
	if (!leaving_accept(regs) || !has_result(regs, &ret) || ret < 0 || drop_current())
		return 0;

	struct sock *sk = socket_of(ret);

	if (sk)
		accepted(sk);
	return 0;
}

/*
 * Connections accepted into an io_uring's own table of files, on kernels where that table cannot
 * be read.
 */
__u64 lost_accept_without_descriptor;
/* Connections of requests that found no room, if the completion does not name its request. */
__u64 lost_too_many_requests;

/*
 * Requests that accept. Completions of a multishot request, and those that overflow the ring,
 * name no request. Requests are kept with the thread that submitted them, which also completes
 * them. If it has asked for workers of io_uring, these complete them, and the requests are kept
 * with the first thread of the process.
 */
struct completion_name {
	__u64 ring;
	__u64 user_data;
};

struct waiting {
	struct request_id id;
	__u32 file_slot;
	__u32 _pad;
};

#define WAITING_MAX 128
#include "requests.bpf.h"

/* What is known about a task's requests that found no room. */
#define SOME 1
#define SOME_MULTISHOT 2

/*
 * Room for further requests, which all processes share: the file_slot by the names in their
 * completions.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct completion_name);
	__type(value, __u32);
} shared_accepts SEC(".maps");

bool any_shared;

#define REQ_F_FORCE_ASYNC 16 /* include/linux/io_uring_types.h: as IOSQE_ASYNC */

/* False: there is no room. */
static __always_inline bool share(const struct request_id *id, __u32 file_slot)
{
	struct completion_name name = {id->ring, id->user_data};

	any_shared = true;
	return bpf_map_update_elem(&shared_accepts, &name, &file_slot, BPF_ANY) == 0;
}

static __always_inline void remember(struct io_kiocb *request, __u64 flags,
				     struct task_struct *submitter)
{
	struct io_accept *accept = (void *)request;
	struct search search = {.wanted = id_of(request)};
	__u32 file_slot = BPF_CORE_READ(accept, file_slot);
	struct waiting *place;

	if (flags & REQ_F_FORCE_ASYNC)
		submitter = submitter->group_leader;
	/* An earlier request at the same address may still be here, if its end was not seen. */
	place = find_with(submitter, &search, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!place)
		place = take_place(&search);
	if (place) {
		place->id = search.wanted;
		place->file_slot = file_slot;
	} else if (search.of && !share(&search.wanted, file_slot)) {
		search.of->others |= is_multishot(accept) ? SOME | SOME_MULTISHOT : SOME;
	}
}

static __always_inline void uring_submitted(struct io_kiocb *request, __u8 opcode, __u64 flags)
{
	if (opcode == IORING_OP_ACCEPT && !drop_current())
		remember(request, flags, bpf_get_current_task_btf());
}

/*
 * A waiting request is about to continue. This finds requests that were submitted before the
 * trace.
 */
static __always_inline int woken(struct io_kiocb *request)
{
	if (request->opcode != IORING_OP_ACCEPT)
		return 0;
	remember(request, request->flags, submitter_of(request));
	return 0;
}

SEC("tp_btf/io_uring_task_add")
int BPF_PROG(io_uring_wake, struct io_kiocb *request)
{
	return woken(request);
}

/*
 * Their misses are not counted: they run in interrupts too, and only miss requests that were
 * submitted before the trace.
 */
THREE_TIMES(io_uring_task_add, io_uring_wake)
{
	return woken((void *)ctx[0]);
}

/* The file in a slot of the ring's own table. */
static __always_inline struct sock *socket_in_slot(struct io_ring_ctx *ring, __u32 slot)
{
	if (!has_slots(ring)) {
		LOST(lost_accept_without_descriptor);
		return NULL;
	}

	struct io_rsrc_node **nodes = BPF_CORE_READ(ring, file_table.data.nodes), *node = NULL;

	if (slot >= BPF_CORE_READ(ring, file_table.data.nr))
		return NULL;
	bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
	/* The kernel keeps flags in the pointer's lowest bits. */
	return socket_of_file((void *)(BPF_CORE_READ(node, file_ptr) & ~7UL));
}

/* FILE_SLOT is the request's: 0 for a descriptor, else the slot from 1, or IORING_FILE_INDEX_ALLOC. */
static __always_inline void completed(struct io_ring_ctx *ring, __u32 file_slot, __s32 result)
{
	struct sock *sk;

	if (result < 0 || drop_current())
		return;
	if (!file_slot)
		sk = socket_of(result);
	else
		sk = socket_in_slot(ring,
				    file_slot == IORING_FILE_INDEX_ALLOC ? result : file_slot - 1);
	if (sk)
		accepted(sk);
}

/* A completion whose request may be unknown. It was an accept if the result is a connection. */
static __always_inline void completed_unknown(__s32 result)
{
	struct connection connection;

	if (result < 0 || drop_current())
		return;

	struct sock *sk = socket_of(result);

	if (sk && read_accepted(&connection, sk))
		LOST(lost_too_many_requests);
}

/*
 * Finds a request that is completed now, and forgets it if that is its LAST completion. False: it is not known;
 * OTHERS is then what is known of those that found no room.
 */
static __always_inline bool find(const struct request_id *id, bool last, __u32 *file_slot,
				 __u32 *others)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct completion_name name = {id->ring, id->user_data};
	struct search search = {.wanted = *id};
	struct waiting *one = find_with(task, &search, 0);
	__u32 *shared;

	*others = search.of ? search.of->others : 0;
	if (!one && task->pid != task->tgid) {
		one = find_with(task->group_leader, &search, 0);
		*others |= search.of ? search.of->others : 0;
	}
	if (one) {
		*file_slot = one->file_slot;
		if (last)
			drop_waiting(&search, one);
		return true;
	}
	shared = any_shared ? bpf_map_lookup_elem(&shared_accepts, &name) : NULL;
	if (!shared)
		return false;
	*file_slot = *shared;
	if (last)
		bpf_map_delete_elem(&shared_accepts, &name);
	return true;
}

static __always_inline void uring_completed(struct io_ring_ctx *ring, struct io_kiocb *request,
					    __u64 user_data, __s32 result)
{
	struct io_accept *accept = (void *)request;
	struct request_id id = {(__u64)request, (__u64)ring, user_data};
	__u32 file_slot, others;
	bool known;

	if (request && BPF_CORE_READ(request, opcode) != IORING_OP_ACCEPT)
		return;
	/* One that names its request is its last. */
	known = find(&id, request, &file_slot, &others);
	if (request)
		completed(ring, BPF_CORE_READ(accept, file_slot), result);
	else if (known)
		completed(ring, file_slot, result);
	else if (others & SOME_MULTISHOT)
		completed_unknown(result);
}

static __always_inline void uring_overflowed(struct io_ring_ctx *ring, __u64 user_data,
					     __s32 result, bool last)
{
	struct request_id id = {0, (__u64)ring, user_data};
	__u32 file_slot, others;

	if (find(&id, last, &file_slot, &others))
		completed(ring, file_slot, result);
	else if (others)
		completed_unknown(result);
}
