// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What differs between kernels from 5.11 on, in what the programs read and call. Each question is
 * put to the running kernel's BTF, as libbpf loads a program; the verifier then removes the branch
 * that is not for this kernel. No program asks for a version.
 *
 * Two differences are not here: a hook that a kernel lacks has another in its place, in the
 * variants of a probe; and since 7.0 programs may be preempted, see preemption.bpf.h.
 */
#pragma once

#include "kernel.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Before 5.14. */
struct task_struct___state {
	long state;
};

/* Before 5.17. */
struct request___old {
	struct gendisk *rq_disk;
};

/* Since 7.0 io_uring may complete the copy of a name later. */
struct delayed_filename {
	struct filename *__incomplete_filename;
};

struct io_open___delayed {
	struct delayed_filename filename;
};

#pragma clang attribute pop

/* Whether tracing programs have task storage: since 5.12, as this helper. */
static __always_inline bool has_task_storage(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_check_mtu);
}

/* Whether a program can read the saved registers of a task: since 5.15. */
static __always_inline bool has_task_pt_regs(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs);
}

/*
 * A thread's state: TASK_RUNNING, which is 0, or the way it waits, as bits of
 * include/linux/sched.h.
 */
static __always_inline __u64 task_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return BPF_CORE_READ((struct task_struct___state *)task, state);
}

/*
 * Whether nothing refers to a file any more. Since 6.13 a number below 0 says so, in
 * include/linux/file_ref.h.
 */
static __always_inline bool is_released(struct file *file)
{
	if (bpf_core_field_exists(file->f_ref))
		return BPF_CORE_READ(file, f_ref.refcnt.counter) < 0;
	return BPF_CORE_READ(file, f_count.counter) == 0;
}

/* The disk of a request. */
static __always_inline struct gendisk *disk_of(struct request *request)
{
	if (bpf_core_field_exists(request->q->disk))
		return BPF_CORE_READ(request, q, disk);
	return BPF_CORE_READ((struct request___old *)request, rq_disk);
}

/*
 * Whether a request of io_uring puts the file that it opens into the ring's own table, so that its
 * result is no descriptor: since 5.15.
 */
static __always_inline bool is_fixed(struct io_open *open)
{
	return bpf_core_field_exists(open->file_slot) && BPF_CORE_READ(open, file_slot);
}

/* The name that a request to open has copied. */
static __always_inline const char *name_of_open(struct io_open *open)
{
	struct io_open___delayed *delayed = (void *)open;
	struct filename *filename;

	/*
	 * Asks for a field, not for a type: libbpf searches modules for a missing type, which needs
	 * CAP_SYS_ADMIN.
	 */
	if (bpf_core_field_exists(delayed->filename.__incomplete_filename))
		filename = BPF_CORE_READ(delayed, filename.__incomplete_filename);
	else
		filename = BPF_CORE_READ(open, filename);
	return BPF_CORE_READ(filename, name);
}

/*
 * Whether a request to accept may give several connections: since 5.19. Where nothing tells, it is
 * taken for one that may.
 */
static __always_inline bool is_multishot(struct io_accept *accept)
{
	return !bpf_core_field_exists(accept->iou_flags) ||
	       BPF_CORE_READ(accept, iou_flags) & IORING_ACCEPT_MULTISHOT;
}

/* The task that has made a request of io_uring. */
static __always_inline struct task_struct *submitter_of(struct io_kiocb *request)
{
	return bpf_core_field_exists(request->tctx) ? request->tctx->task : request->task;
}

/* Whether the ring's own table of files is laid out as since 6.13. */
static __always_inline bool has_slots(struct io_ring_ctx *ring)
{
	return bpf_core_field_exists(ring->file_table.data.nodes);
}
