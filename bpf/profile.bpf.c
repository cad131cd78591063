// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What runs, by stack: a clock on every processor takes samples, which are counted. */
#include "event.bpf.h"
#include "filter.bpf.h"
#include "sched.bpf.h"
#include "stack.bpf.h"
#include "table.bpf.h"

const volatile bool with_idle;
const volatile bool no_kernel_stack;
const volatile bool no_user_stack;
const volatile __s32 only_cpu = -1;

struct sample_key {
	__u64 cgroup_id;
	__u32 pid;
	__s32 kernel_stack;
	__s32 user_stack;
	char comm[16];
	__u32 _pad;
};

struct sample {
	__u64 count;
};

TABLE(samples, struct sample_key, struct sample, 40960, 0)
STACKS(samples, 16384)

SEC("perf_event")
int tick(void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sample_key key = {};
	struct sample *entry;

	if (only_cpu >= 0 && bpf_get_smp_processor_id() != (__u32)only_cpu)
		return 0;
	if ((is_idle(task) && !with_idle) || drop_current())
		return 0;
	key.cgroup_id = cgroup_id(task);
	key.pid = task->tgid;
	read_comm(key.comm, task);
	key.kernel_stack = no_kernel_stack ? -1 : kernel_stack(context, &samples_stacks);
	key.user_stack = no_user_stack ? -1 : user_stack(context, &samples_stacks);
	entry = samples_entry(&key);
	if (entry)
		ADD(entry->count, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
