// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs for preemptible kernels: since 7.0 a kernel may preempt a program at a tracepoint. A
 * kernel does not run a program on a processor where that program is running already, even if
 * the task that it runs for was preempted. Until that task is back, the program would miss
 * everything that other tasks do on that processor: with two tasks that do little but system
 * calls, a tenth of all events.
 *
 * On such a kernel the loader replaces the program NAME by the programs whose names begin with
 * NAME_preemptible. Elsewhere it loads NAME, and makes no map whose name ends in _preemptible.
 * There are two forms:
 *
 * - By perf's way to a tracepoint, SEC("tp/..."), a program runs with preemption off on all kernels, for 15 ns more. It is for
 *   what processes do, not interrupts: of all programs on that way one at a time runs on a processor. It has no typed
 *   arguments, but the fields that perf shows, and the current task. The macros here make such programs.
 * - Where typed arguments are needed, as for storage of a socket: see repetition.bpf.h.
 *
 * Tracepoints where the kernel itself has switched off preemption or interrupts need neither: sched_switch, sched_wakeup,
 * sched_wakeup_new, signal_deliver, tcp_destroy_sock.
 */
#pragma once

#include "kernel.bpf.h"

/* Makes the program NAME, which runs at the end of each system call, of the body that follows. */
#define AT_SYSCALL_END(name)                                                       \
	static __always_inline int name##_body(struct pt_regs *regs, long ret);    \
                                                                                   \
	SEC("tp_btf/sys_exit")                                                     \
	int BPF_PROG(name, struct pt_regs *regs, long ret)                         \
	{                                                                          \
		return name##_body(regs, ret);                                     \
	}                                                                          \
                                                                                   \
	SEC("?tp/raw_syscalls/sys_exit")                                           \
	int name##_preemptible(struct trace_event_raw_sys_exit *event)             \
	{                                                                          \
		void *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf()); \
                                                                                   \
		return name##_body(regs, event->ret);                              \
	}                                                                          \
                                                                                   \
	static __always_inline int name##_body(struct pt_regs *regs, long ret)

/* The same at the start of each system call. */
#define AT_SYSCALL_START(name)                                                     \
	static __always_inline int name##_body(struct pt_regs *regs, long nr);     \
                                                                                   \
	SEC("tp_btf/sys_enter")                                                    \
	int BPF_PROG(name, struct pt_regs *regs, long nr)                          \
	{                                                                          \
		return name##_body(regs, nr);                                      \
	}                                                                          \
                                                                                   \
	SEC("?tp/raw_syscalls/sys_enter")                                          \
	int name##_preemptible(struct trace_event_raw_sys_enter *event)            \
	{                                                                          \
		void *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf()); \
                                                                                   \
		return name##_body(regs, event->id);                               \
	}                                                                          \
                                                                                   \
	static __always_inline int name##_body(struct pt_regs *regs, long nr)

/* The same for each thread that ends, as that thread. */
#define AT_THREAD_END(name)                                                 \
	static __always_inline int name##_body(struct task_struct *thread); \
                                                                            \
	SEC("tp_btf/sched_process_exit")                                    \
	int BPF_PROG(name, struct task_struct *thread)                      \
	{                                                                   \
		return name##_body(thread);                                 \
	}                                                                   \
                                                                            \
	SEC("?tp/sched/sched_process_exit")                                 \
	int name##_preemptible(void *event)                                 \
	{                                                                   \
		return name##_body(bpf_get_current_task_btf());             \
	}                                                                   \
                                                                            \
	static __always_inline int name##_body(struct task_struct *thread)
