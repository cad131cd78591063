// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * System calls, read from the task's saved registers. The kernel keeps the arguments there until
 * the call returns, so one program at sys_exit sees call, arguments and result together and
 * needs no map between two hooks.
 */
#pragma once

#include <linux/errno.h>

#include "versions.bpf.h"

#ifndef __TARGET_ARCH_x86
#error "only x86-64 is described so far"
#endif

/* Numbers of the 64-bit table; those of 32-bit processes are translated to them. */
enum syscall {
	SYS_OTHER = -1,
	SYS_READ = 0,
	SYS_WRITE = 1,
	SYS_OPEN = 2,
	SYS_ACCEPT = 43,
	SYS_SENDTO = 44,
	SYS_RECVFROM = 45,
	SYS_SENDMSG = 46,
	SYS_RECVMSG = 47,
	SYS_CLONE = 56,
	SYS_FORK = 57,
	SYS_VFORK = 58,
	SYS_EXECVE = 59,
	SYS_CREAT = 85,
	SYS_OPENAT = 257,
	SYS_ACCEPT4 = 288,
	SYS_RECVMMSG = 299,
	SYS_SENDMMSG = 307,
	SYS_EXECVEAT = 322,
	SYS_CLONE3 = 435,
	SYS_OPENAT2 = 437,
};

enum compat_syscall {
	COMPAT_FORK = 2,
	COMPAT_OPEN = 5,
	COMPAT_CREAT = 8,
	COMPAT_EXECVE = 11,
	COMPAT_SOCKETCALL = 102,
	COMPAT_CLONE = 120,
	COMPAT_VFORK = 190,
	COMPAT_OPENAT = 295,
	COMPAT_EXECVEAT = 358,
	COMPAT_ACCEPT4 = 364,
	COMPAT_OPENAT2 = 437,
};

#define TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h: in a 32-bit call */

static __always_inline bool in_compat_call(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->thread_info.status & TS_COMPAT;
}

/* The open call that the current task is leaving; *COMPAT says whether it is a 32-bit one. */
static __always_inline enum syscall leaving_open(struct pt_regs *regs, bool *compat)
{
	__u32 nr = regs->orig_ax;

	/* This runs at every system call of the machine, so nothing may come before this switch. */
	switch (nr) {
	case SYS_OPEN:
	case SYS_CREAT:
	case SYS_OPENAT:
	case SYS_OPENAT2:
		*compat = in_compat_call();
		return !*compat || nr == COMPAT_OPENAT2 ? (enum syscall)nr : SYS_OTHER;
	case COMPAT_OPEN:
	case COMPAT_CREAT:
	case COMPAT_OPENAT:
		*compat = in_compat_call();
		if (!*compat)
			return SYS_OTHER;
		return nr == COMPAT_OPEN ? SYS_OPEN : nr == COMPAT_CREAT ? SYS_CREAT : SYS_OPENAT;
	default:
		return SYS_OTHER;
	}
}

/* The same for the exec call that the current task is leaving. */
static __always_inline enum syscall leaving_exec(struct pt_regs *regs, bool *compat)
{
	__u32 nr = regs->orig_ax;

	switch (nr) {
	case SYS_EXECVE:
	case SYS_EXECVEAT:
		*compat = in_compat_call();
		return *compat ? SYS_OTHER : (enum syscall)nr;
	case COMPAT_EXECVE:
	case COMPAT_EXECVEAT:
		*compat = in_compat_call();
		if (!*compat)
			return SYS_OTHER;
		return nr == COMPAT_EXECVE ? SYS_EXECVE : SYS_EXECVEAT;
	default:
		return SYS_OTHER;
	}
}

/* Whether the current task is leaving a call that accepts a connection. */
static __always_inline bool leaving_accept(struct pt_regs *regs)
{
	__u32 nr = regs->orig_ax;

	switch (nr) {
	case SYS_ACCEPT:
	case SYS_ACCEPT4:
		return !in_compat_call();
	case COMPAT_ACCEPT4:
		return in_compat_call();
	case COMPAT_SOCKETCALL: /* 5: accept, 18: accept4; linux/net.h */
		return ((__u32)regs->bx == 5 || (__u32)regs->bx == 18) && in_compat_call();
	default:
		return false;
	}
}

/* Whether the task that leaves the call is the new thread or process that it has made. */
static __always_inline bool leaving_as_child(struct pt_regs *regs, long ret)
{
	if (ret)
		return false;
	switch ((__u32)regs->orig_ax) {
	case SYS_CLONE:
	case SYS_FORK:
	case SYS_VFORK:
		return !in_compat_call();
	case COMPAT_FORK:
	case COMPAT_CLONE:
	case COMPAT_VFORK:
		return in_compat_call();
	case SYS_CLONE3: /* in both tables */
		return true;
	default:
		return false;
	}
}

/* include/linux/errno.h; no process gets them */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

#define SIGSYS 31
#define SA_RESTART 0x10000000
#define SIG_IGN_ 1 /* SIG_DFL is 0 */

/*
 * Whether seccomp left the call to its process (SECCOMP_RET_TRAP). Then the call's number is in
 * the register of the result, and an unblocked SIGSYS is pending for this thread. A true result
 * may be the same number, but comes without the signal.
 */
static __always_inline bool was_trapped(struct pt_regs *regs, long ret)
{
	if (ret != (long)regs->orig_ax)
		return false;

	struct task_struct *task = bpf_get_current_task_btf();

	return task->pending.signal.sig[0] & ~task->blocked.sig[0] & (1UL << (SIGSYS - 1));
}

/*
 * Whether a call ends with RET, the value of its register. False if a signal came: either the
 * call is made again and ends later, or interrupted_call() sees its end. RET becomes
 * -EINPROGRESS if the kernel did not make the call and leaves the result to the process. The
 * answer of a seccomp filter or its supervisor is a result. If a debugger skips a call, the
 * call's number is gone; if it changes a result, that happens after this.
 */
static __always_inline bool has_result(struct pt_regs *regs, long *ret)
{
	if (was_trapped(regs, *ret))
		*ret = -EINPROGRESS;
	switch (*ret) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return false;
	default:
		return true;
	}
}

/*
 * The registers of the call that ends with EINTR because a signal's handler is about to run;
 * NULL if there is none. For a program at signal_deliver, with the signal's ACTION, by which the
 * kernel decides just after it.
 */
static __always_inline struct pt_regs *interrupted_call(struct k_sigaction *action)
{
	if (!has_task_pt_regs() || (unsigned long)action->sa.sa_handler <= SIG_IGN_)
		return NULL;

	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());

	switch ((long)regs->ax) {
	case -ERESTARTSYS:
		return action->sa.sa_flags & SA_RESTART ? NULL : regs;
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return regs;
	default:
		return NULL;
	}
}

/* An argument of the call, by position from 0 to 3. */
static __always_inline unsigned long argument(struct pt_regs *regs, bool compat, int index)
{
	switch (index) {
	case 0:
		return compat ? (__u32)regs->bx : regs->di;
	case 1:
		return compat ? (__u32)regs->cx : regs->si;
	case 2:
		return compat ? (__u32)regs->dx : regs->dx;
	default:
		return compat ? (__u32)regs->si : regs->r10;
	}
}
