// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections as they are accepted. The change to TCP_ESTABLISHED is made by whoever
 * handles the packet; only the end of the accepting call runs as the process that gets
 * the connection. The including program defines accepted().
 */
#pragma once

#include "syscall.bpf.h"
#include "tcp.bpf.h"

/* Called as the accepting process, once for each connection that it gets. */
static void accepted(struct sock *sk);

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	if (!leaving_accept(regs) || ret < 0 || drop_current())
		return 0;

	struct sock *sk = socket_of(ret);

	if (sk)
		accepted(sk);
	return 0;
}

#define IORING_OP_ACCEPT_ 13
#define IORING_ACCEPT_MULTISHOT_ 1
#define IORING_CQE_F_MORE_ 2

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
	__type(value, __u8);
} multishots SEC(".maps");

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(io_uring_submit, struct io_kiocb *request)
{
	struct io_accept *accept = (void *)request;
	__u8 present = 1;

	if (request->opcode != IORING_OP_ACCEPT_)
		return 0;
	if (!(BPF_CORE_READ(accept, iou_flags) & IORING_ACCEPT_MULTISHOT_))
		return 0;

	struct multishot key = { .ring = (__u64)request->ctx, .user_data = request->cqe.user_data };

	if (bpf_map_update_elem(&multishots, &key, &present, BPF_ANY))
		LOST(lost_map_full);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(io_uring_complete, struct io_ring_ctx *ring, struct io_kiocb *request,
	     struct io_uring_cqe *cqe)
{
	if (request) {
		struct io_accept *accept = (void *)request;

		if (BPF_CORE_READ(request, opcode) != IORING_OP_ACCEPT_ ||
		    BPF_CORE_READ(accept, file_slot))
			return 0;
	} else {
		struct multishot key = { .ring = (__u64)ring, .user_data = cqe->user_data };

		if (!bpf_map_lookup_elem(&multishots, &key))
			return 0;
		if (!(cqe->flags & IORING_CQE_F_MORE_))
			bpf_map_delete_elem(&multishots, &key);
	}
	if (cqe->res < 0 || drop_current())
		return 0;

	struct sock *sk = socket_of(cqe->res);

	if (sk)
		accepted(sk);
	return 0;
}
