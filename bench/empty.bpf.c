// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Does nothing, on opensnoop's hook: shows what the hook alone costs. */
#include "kernel.bpf.h"

SEC("tp_btf/sys_exit")
int BPF_PROG(empty, struct pt_regs *regs, long ret)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
