// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections as they are accepted. The change to TCP_ESTABLISHED is made by whoever
 * handles the packet; only the end of the accepting call runs as the process that gets
 * the connection. The including program defines accepted().
 */
#pragma once

#include "io_uring.bpf.h"
#include "syscall.bpf.h"
#include "tcp.bpf.h"

/* Called as the accepting process, once for each connection that it gets. */
static void accepted(struct sock *sk);

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	if (!leaving_accept(regs) || !has_result(regs, &ret) || ret < 0 || drop_current())
		return 0;

	struct sock *sk = socket_of(ret);

	if (sk)
		accepted(sk);
	return 0;
}

/* Connections accepted into a ring's own table of files, on kernels where that cannot be read. */
__u64 lost_accept_without_descriptor;
/* And those by requests of which a thread has more than are kept, where a completion does not name its request. */
__u64 lost_too_many_requests;

/*
 * Requests that accept: completions of one that accepts many times, and those that a ring has no room
 * for, name no request, only what the user calls it.
 */
struct accept_request {
	__u64 request; /* 0: none */
	__u64 ring;
	__u64 user_data;
	__u32 file_slot;
	__u32 _pad;
};

#define REQUESTS_MAX 128 /* a power of two */

struct accept_requests {
	struct accept_request requests[REQUESTS_MAX];
	__u32 count;
	bool more; /* there were more than fit */
	bool more_multishot;
};

/*
 * They are kept with the thread that submitted them: nobody can use up another's room. The thread completes
 * them too, or, if it has asked for that, workers of io_uring do, which are threads of the process; then they are
 * kept with its first thread. All kernels that these programs run on have such storage.
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct accept_requests);
} accept_requests SEC(".maps");

/* Where nothing tells whether a request accepts many times it is taken for one that does. */
static __always_inline bool is_multishot(struct io_accept *accept)
{
	return !bpf_core_field_exists(accept->iou_flags) ||
	       BPF_CORE_READ(accept, iou_flags) & IORING_ACCEPT_MULTISHOT;
}

/* What is looked for: a request, or one by what a completion says of it. */
struct search {
	__u64 request, ring, user_data;
	struct accept_requests *all;
	__u32 seen, at;
	bool more, more_multishot; /* whether it may be one of those that did not fit */
};

static long is_it(__u32 i, struct search *search)
{
	struct accept_request *one = &search->all->requests[i & (REQUESTS_MAX - 1)];

	if (!one->request)
		return false;
	if (search->request ? one->request == search->request
			    : one->ring == search->ring && one->user_data == search->user_data) {
		search->at = i;
		return true;
	}
	/* Read each time: another processor may add a request in front of this one. */
	return ++search->seen >= *(volatile __u32 *)&search->all->count;
}

static long take_free(__u32 i, struct search *search)
{
	__u64 *place = &search->all->requests[i & (REQUESTS_MAX - 1)].request;

	if (*place || __sync_val_compare_and_swap(place, 0, search->request))
		return false;
	search->at = i;
	return true;
}

/* What a search has come to, or NULL. */
static __always_inline struct accept_request *found(const struct search *search)
{
	if (search->at >= REQUESTS_MAX)
		return NULL;
	return &search->all->requests[search->at & (REQUESTS_MAX - 1)];
}

static __always_inline struct accept_request *find_with(struct task_struct *task,
							struct search *search, __u64 flags)
{
	search->all = bpf_task_storage_get(&accept_requests, task, 0, flags);
	search->at = REQUESTS_MAX;
	search->seen = 0;
	if (!search->all)
		return NULL;
	search->more |= search->all->more;
	search->more_multishot |= search->all->more_multishot;
	if (search->all->count)
		bpf_loop(REQUESTS_MAX, is_it, search, 0);
	return found(search);
}

static __always_inline struct accept_request *find(struct search *search)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct accept_request *one = find_with(task, search, 0);

	return one || task->pid == task->tgid ? one : find_with(task->group_leader, search, 0);
}

/* Gives a request its place: that of one at the same address, of which no end was told, or a free one. NULL: there is none. */
static __always_inline struct accept_request *place_of(struct search *search,
						       struct task_struct *task)
{
	struct accept_request *one = find_with(task, search, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (one || !search->all)
		return one;
	/* Counted before it is there, so that whoever looks for it looks far enough. */
	__sync_fetch_and_add(&search->all->count, 1);
	bpf_loop(REQUESTS_MAX, take_free, search, 0);
	one = found(search);
	if (!one)
		__sync_fetch_and_add(&search->all->count, -1);
	return one;
}

static __always_inline void forget_request(struct search *search, struct accept_request *one)
{
	one->request = 0;
	__sync_fetch_and_add(&search->all->count, -1);
}

#define REQ_F_FORCE_ASYNC 16 /* include/linux/io_uring_types.h: as IOSQE_ASYNC */

static __always_inline void remember(struct io_kiocb *request, struct task_struct *submitter)
{
	struct io_accept *accept = (void *)request;
	struct search search = {.request = (__u64)request};
	struct accept_request *place;

	if (request->flags & REQ_F_FORCE_ASYNC)
		submitter = submitter->group_leader;
	place = place_of(&search, submitter);
	if (place) {
		place->ring = (__u64)request->ctx;
		place->user_data = request->cqe.user_data;
		place->file_slot = BPF_CORE_READ(accept, file_slot);
	} else if (search.all) {
		search.all->more = true;
		search.all->more_multishot |= is_multishot(accept);
	}
}

static __always_inline void uring_submitted(struct io_kiocb *request)
{
	if (request->opcode == IORING_OP_ACCEPT && !drop_current())
		remember(request, bpf_get_current_task_btf());
}

/* A request that waited is about to go on: so those are known too that were submitted before the trace. */
SEC("tp_btf/io_uring_task_add")
int BPF_PROG(io_uring_wake, struct io_kiocb *request)
{
	if (request->opcode != IORING_OP_ACCEPT)
		return 0;
	if (bpf_core_field_exists(request->tctx))
		remember(request, request->tctx->task);
	else
		remember(request, request->task);
	return 0;
}

/* The file in a slot of the ring's own table. */
static __always_inline struct sock *socket_in_slot(struct io_ring_ctx *ring, __u32 slot)
{
	if (!bpf_core_field_exists(ring->file_table.data.nodes)) {
		LOST(lost_accept_without_descriptor);
		return NULL;
	}

	struct io_rsrc_node **nodes = BPF_CORE_READ(ring, file_table.data.nodes), *node = NULL;

	if (slot >= BPF_CORE_READ(ring, file_table.data.nr))
		return NULL;
	bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
	/* The kernel keeps flags in the pointer's last bits. */
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

/* A completion that may be of a request that is not known. It is, if what it gives is a connection. */
static __always_inline void completed_unknown(__s32 result)
{
	struct connection connection;

	if (result < 0 || drop_current())
		return;

	struct sock *sk = socket_of(result);

	if (sk && read_accepted(&connection, sk))
		LOST(lost_too_many_requests);
}

static __always_inline void uring_completed(struct io_ring_ctx *ring, struct io_kiocb *request,
					    __u64 user_data, __s32 result)
{
	struct io_accept *accept = (void *)request;
	struct search search = {
		.request = (__u64)request, .ring = (__u64)ring, .user_data = user_data};
	struct accept_request *one;

	if (request && BPF_CORE_READ(request, opcode) != IORING_OP_ACCEPT)
		return;
	one = find(&search);
	if (request) {
		if (one)
			forget_request(&search, one);
		completed(ring, BPF_CORE_READ(accept, file_slot), result);
	} else if (one) {
		completed(ring, one->file_slot, result);
	} else if (search.more_multishot) {
		completed_unknown(result);
	}
}

static __always_inline void uring_overflowed(struct io_ring_ctx *ring, __u64 user_data,
					     __s32 result, bool last)
{
	struct search search = {.ring = (__u64)ring, .user_data = user_data};
	struct accept_request *one = find(&search);

	if (one) {
		completed(ring, one->file_slot, result);
		if (last)
			forget_request(&search, one);
	} else if (search.more) {
		completed_unknown(result);
	}
}
