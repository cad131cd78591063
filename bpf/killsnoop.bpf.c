// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Signals that processes send with kill, seen when the call returns. That is before a process
 * that kills itself ends.
 */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"
#include "preemption.bpf.h"
#include "syscall.bpf.h"

#define SYS_KILL 62
#define COMPAT_KILL 37
#define SIGNALS 65 /* 0 to 64 */

const volatile bool only_failed;
const volatile bool by_target;
const volatile __s32 only_target;
const volatile bool by_signal;
const volatile __u8 wanted_signals[SIGNALS];

struct kill_event {
	struct who who;
	__s32 target_pid;
	__s32 signal;
	__s32 ret;
	__u32 _pad;
};
RECORD(kill_event);

static __always_inline bool signal_unwanted(__u32 signal)
{
	return by_signal && (signal >= SIGNALS || !wanted_signals[signal]);
}

/* Runs at every system call of the machine. For nearly all, the first comparison decides. */
static __always_inline bool leaving_kill(struct pt_regs *regs, bool *compat)
{
	__u32 nr = regs->orig_ax;

	if (nr != SYS_KILL && nr != COMPAT_KILL)
		return false;
	*compat = in_compat_call();
	return *compat == (nr == COMPAT_KILL);
}

AT_SYSCALL_END(sys_exit)
{
	struct kill_event event = {};
	bool compat;

	if (!leaving_kill(regs, &compat) || (only_failed && ret >= 0) || drop_current())
		return 0;
	event.target_pid = argument(regs, compat, 0);
	event.signal = argument(regs, compat, 1);
	event.ret = ret;
	if ((by_target && event.target_pid != only_target) || signal_unwanted(event.signal))
		return 0;
	fill_who(&event.who);
	emit(&event, sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
