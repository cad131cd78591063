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

#define IORING_OP_ACCEPT_ 13
#define IORING_ACCEPT_MULTISHOT_ 1
#define IORING_FILE_INDEX_ALLOC_ (~0U)

/* Connections accepted into a ring's own table of files, on kernels where that cannot be read. */
__u64 lost_accept_without_descriptor;

/* One request that accepts many times; its completions name no request, only what the user calls it. */
struct multishot {
	__u64 ring;
	__u64 user_data;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct multishot);
	__type(value, __u32); /* its file_slot */
} multishots SEC(".maps");

static __always_inline void remember_multishot(struct io_kiocb *request)
{
	struct io_accept *accept = (void *)request;
	__u32 slot;

	if (request->opcode != IORING_OP_ACCEPT_)
		return;
	/* Where nothing tells whether it accepts many times it is taken for one that does. */
	if (bpf_core_field_exists(accept->iou_flags) &&
	    !(BPF_CORE_READ(accept, iou_flags) & IORING_ACCEPT_MULTISHOT_))
		return;

	struct multishot key = {.ring = (__u64)request->ctx, .user_data = request->cqe.user_data};

	slot = BPF_CORE_READ(accept, file_slot);
	if (bpf_map_update_elem(&multishots, &key, &slot, BPF_ANY))
		LOST(lost_map_full);
}

static __always_inline void uring_submitted(struct io_kiocb *request)
{
	remember_multishot(request);
}

/* A request that waited is about to go on: so those are known too that were submitted before the trace. */
SEC("tp_btf/io_uring_task_add")
int BPF_PROG(io_uring_wake, struct io_kiocb *request)
{
	remember_multishot(request);
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
				    file_slot == IORING_FILE_INDEX_ALLOC_ ? result : file_slot - 1);
	if (sk)
		accepted(sk);
}

static __always_inline void uring_completed(struct io_ring_ctx *ring, struct io_kiocb *request,
					    __u64 user_data, __s32 result)
{
	struct multishot key = {.ring = (__u64)ring, .user_data = user_data};
	struct io_accept *accept = (void *)request;
	__u32 *slot;

	if (!request) {
		slot = bpf_map_lookup_elem(&multishots, &key);
		if (slot)
			completed(ring, *slot, result);
	} else if (BPF_CORE_READ(request, opcode) == IORING_OP_ACCEPT_) {
		/* A multishot's last completion is its request's own. */
		bpf_map_delete_elem(&multishots, &key);
		completed(ring, BPF_CORE_READ(accept, file_slot), result);
	}
}
