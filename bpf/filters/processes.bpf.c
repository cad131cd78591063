// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tasks that the reader's pid namespace shows, each with its id in that namespace and with
 * the machine's ids, which events carry. From inside a namespace /proc cannot tell the latter.
 */
#include "task.bpf.h"

const volatile bool with_threads;
/* How many levels above the reader's pid namespace the one of local ids is. */
const volatile __u32 levels_up;

struct task {
	__u64 start; /* CLOCK_BOOTTIME, ns: of the process */
	__u64 cgroup_id;
	__u64 exec_id;
	__u64 identity; /* of the thread: see task.bpf.h */
	__u32 pid;	/* these as in struct who of event.bpf.h */
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	__u32 mntns_id;
	__u32 netns_id;
	__u32 local_id; /* of the thread */
	char comm[16];
	bool executing; /* an exec is under way: its arguments are not in place yet */
	char _padding[3];
};

const struct task *const task_anchor __attribute__((unused)) = 0;

static __always_inline __u32 local_id(struct task_struct *task)
{
	/* A number for the verifier: up to 6.1 it adds none that varies to a pointer that it knows. */
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = bpf_get_current_task_btf()->thread_pid->level - levels_up;
	struct upid local = {};

	bpf_probe_read_kernel(&local.nr, sizeof(local.nr),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid) +
				      bpf_core_field_offset(struct upid, nr));
	return local.nr;
}

SEC("iter/task")
int tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;

	if (!task || (!with_threads && task->pid != task->tgid))
		return 0;

	struct task row = {
		.start = task->group_leader->start_boottime,
		.cgroup_id = cgroup_id(task),
		.exec_id = exec_id(task),
		.identity = thread_identity(task),
		.pid = task->tgid,
		.tid = task->pid,
		.ppid = task->real_parent->tgid,
		.uid = task->cred->uid.val,
		.mntns_id = task->nsproxy->mnt_ns->ns.inum,
		.netns_id = task->nsproxy->net_ns->ns.inum,
		.local_id = local_id(task),
		.executing = task->mm && !BPF_CORE_READ(task, mm, arg_start),
	};

	bpf_probe_read_kernel_str(row.comm, sizeof(row.comm), task->comm);
	bpf_seq_write(context->meta->seq, &row, sizeof(row));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
