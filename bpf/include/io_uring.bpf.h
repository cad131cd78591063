// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Requests of io_uring as they are submitted and completed. Its tracepoints have changed over
 * time, so a kernel accepts one program of each kind here; by default the loader takes the
 * newest. The including program defines what they do.
 */
#pragma once

#include "preemption.bpf.h"

/* A request, and how its completion identifies it if it does not name the request. */

struct request_id {
	__u64 request; /* 0: none */
	__u64 ring;
	__u64 user_data;
};

static __always_inline struct request_id id_of(const struct io_kiocb *request)
{
	return (struct request_id){(__u64)request, (__u64)BPF_CORE_READ(request, ctx),
				   BPF_CORE_READ(request, cqe.user_data)};
}

/* Here and below RING and REQUEST can only be read by BPF_CORE_READ. */
static __always_inline void uring_submitted(struct io_kiocb *request, __u8 opcode, __u64 flags);

/* REQUEST is NULL for a completion after which more come. */
static __always_inline void uring_completed(struct io_ring_ctx *ring, struct io_kiocb *request,
					    __u64 user_data, __s32 result);

/*
 * The same for a completion that overflows the ring. It does not tell which request it belongs
 * to. LAST: no more come.
 */
static __always_inline void uring_overflowed(struct io_ring_ctx *ring, __u64 user_data,
					     __s32 result, bool last);

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(io_uring_submit_req, struct io_kiocb *request)
{
	uring_submitted(request, request->opcode, request->flags);
	return 0;
}

/* Its former name. */
SEC("?tp_btf/io_uring_submit_sqe")
int BPF_PROG(io_uring_submit_sqe, struct io_kiocb *request)
{
	uring_submitted(request, request->opcode, request->flags);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(io_uring_complete_entry, struct io_ring_ctx *ring, struct io_kiocb *request,
	     struct io_uring_cqe *cqe)
{
	uring_completed(ring, request, cqe->user_data, cqe->res);
	return 0;
}

/* Its former arguments. */
SEC("?tp_btf/io_uring_complete")
int BPF_PROG(io_uring_complete_result, struct io_ring_ctx *ring, struct io_kiocb *request,
	     __u64 user_data, __s32 result)
{
	uring_completed(ring, request, user_data, result);
	return 0;
}

SEC("tp_btf/io_uring_cqe_overflow")
int BPF_PROG(io_uring_cqe_overflow, struct io_ring_ctx *ring, __u64 user_data, __s32 result,
	     __u32 flags)
{
	uring_overflowed(ring, user_data, result, !(flags & IORING_CQE_F_MORE));
	return 0;
}

/*
 * The preemptible forms: see preemption.bpf.h. Kernels that need them have the newest of the
 * tracepoints above.
 */

SEC("?tp/io_uring/io_uring_submit_req")
int io_uring_submit_req_preemptible(struct trace_event_raw_io_uring_submit_req *event)
{
	uring_submitted(event->req, event->opcode, event->flags);
	return 0;
}

SEC("?tp/io_uring/io_uring_complete")
int io_uring_complete_entry_preemptible(struct trace_event_raw_io_uring_complete *event)
{
	uring_completed(event->ctx, event->req, event->user_data, event->res);
	return 0;
}

SEC("?tp/io_uring/io_uring_cqe_overflow")
int io_uring_cqe_overflow_preemptible(struct trace_event_raw_io_uring_cqe_overflow *event)
{
	uring_overflowed(event->ctx, event->user_data, event->res,
			 !(event->cflags & IORING_CQE_F_MORE));
	return 0;
}
