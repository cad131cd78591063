// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Who a task is, in numbers of the whole machine: of its first pid, user and cgroup namespace. Its BTF pointers
 * are read directly: a bad one reads as 0.
 */
#pragma once

#include "kernel.bpf.h"

/* The id of a task's cgroup in the v2 hierarchy: what bpf_get_current_cgroup_id() gives, without a call. */
static __always_inline __u64 cgroup_id(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

/*
 * A number for one program in one process. A pid is given again, and a process may become another program: so this is
 * made of the pid, of the nanosecond in which the process started, and of what the kernel counts up with each exec. The
 * factors are odd and large, so that no few execs or pids make up for a later start. 53 bits, which JavaScript has exactly.
 */
static __always_inline __u64 exec_id(struct task_struct *task)
{
	__u64 execs = task->self_exec_id, pid = task->tgid;

	return (task->group_leader->start_boottime + execs * 0x9e3779b97f4a7c15 +
		pid * 0xbf58476d1ce4e5b9) >>
	       11;
}

static __always_inline void read_comm(char *comm, struct task_struct *task)
{
	bpf_probe_read_kernel(comm, sizeof(task->comm), task->comm);
}
