// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The identity of a task, in ids of the whole machine: of its first pid, user and cgroup
 * namespace. BTF pointers are read directly; a bad one reads as 0.
 */
#pragma once

#include "kernel.bpf.h"

/*
 * The id of a task's cgroup in the v2 hierarchy, as from bpf_get_current_cgroup_id() but without
 * a call.
 */
static __always_inline __u64 cgroup_id(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

/*
 * Pids are reused. So what stands for a task for good combines its pid and the nanosecond in
 * which it started; and what stands for one program in one process, also a number that the
 * kernel increments with each exec. The factors are odd and large, so that a few execs or pids
 * more do not equal a later start. It has 53 bits, which a JavaScript number holds exactly.
 */
static __always_inline __u64 identity(__u64 start, __u64 pid, __u64 execs)
{
	return (start + execs * 0x9e3779b97f4a7c15 + pid * 0xbf58476d1ce4e5b9) >> 11;
}

static __always_inline __u64 thread_identity(struct task_struct *task)
{
	return identity(task->start_boottime, task->pid, 0);
}

/* That of the process's first thread. */
static __always_inline __u64 process_identity(struct task_struct *task)
{
	return thread_identity(task->group_leader);
}

/* A process may exec another program. */
static __always_inline __u64 exec_id(struct task_struct *task)
{
	return identity(task->group_leader->start_boottime, task->tgid, task->self_exec_id);
}

static __always_inline void read_comm(char *comm, struct task_struct *task)
{
	bpf_probe_read_kernel(comm, sizeof(task->comm), task->comm);
}
