// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How many system calls are made, by call or by process. Each is counted when it ends. */
#include "event.bpf.h"
#include "filter.bpf.h"
#include "preemption.bpf.h"
#include "sched.bpf.h"
#include "syscall.bpf.h"
#include "table.bpf.h"

const volatile bool by_process;
const volatile bool with_latency;
const volatile bool only_failed;
const volatile __s32 only_errno;
const volatile bool by_call;
const volatile __s32 only_call;	       /* -1: no 64-bit one */
const volatile __s32 only_compat_call; /* -1: no 32-bit one */

#define MAX_ERRNO 4095		  /* include/linux/err.h */
#define X32_SYSCALL_BIT (1 << 30) /* asm/unistd.h */
#define MAX_CALLS 1024		  /* more than any kernel has */
#define NO_SUCH_CALL -1

struct call_key {
	__u64 cgroup_id; /* 0 if calls are not counted by process */
	__u32 pid;	 /* 0 if calls are not counted by process */
	__s32 call;
	bool compat;
	__u8 _pad[3];
	char comm[16];
	__u32 _pad2;
};

struct call_count {
	__u64 count;
	__u64 time_ns;
};

TABLE(calls, struct call_key, struct call_count, 10240, 0)

/* All invalid numbers become one, or a process could fill the table with them. */
static __always_inline __s32 call_number(struct pt_regs *regs)
{
	__u32 nr = regs->orig_ax;

	return (nr & ~X32_SYSCALL_BIT) < MAX_CALLS ? (__s32)nr : NO_SUCH_CALL;
}

static __always_inline bool result_unwanted(long ret)
{
	bool failed = ret < 0 && ret >= -MAX_ERRNO;

	if (only_errno)
		return ret != -only_errno;
	return only_failed && !failed;
}

static __always_inline void ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 took = with_latency ? since_mark(task) : 0;
	struct call_key key = {};
	struct call_count *entry;

	if (with_latency && !took)
		return;
	/* The return from a signal's handler has no call number. */
	if ((__s32)regs->orig_ax == -1 || result_unwanted(ret) || drop_current())
		return;
	key.call = call_number(regs);
	key.compat = in_compat_call();
	if (by_call && key.call != (key.compat ? only_compat_call : only_call))
		return;
	if (by_process) {
		key.cgroup_id = cgroup_id(task);
		key.pid = task->tgid;
		key.call = 0;
		key.compat = false;
		read_comm(key.comm, task->group_leader);
	}
	entry = calls_entry(&key);
	if (!entry)
		return;
	ADD(entry->count, 1);
	if (with_latency)
		ADD(entry->time_ns, took);
}

AT_SYSCALL_START(sys_enter)
{
	if (!drop_current())
		mark(bpf_get_current_task_btf());
	return 0;
}

AT_SYSCALL_END(sys_exit)
{
	if (has_result(regs, &ret) && !leaving_as_child(regs, ret))
		ended(regs, ret);
	return 0;
}

/* Calls that a signal interrupts end here. */
SEC("tp_btf/signal_deliver")
int BPF_PROG(interrupted, int signal, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct pt_regs *regs = interrupted_call(action);

	if (regs)
		ended(regs, -EINTR);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
