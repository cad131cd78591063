// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The file behind a descriptor of the current task. */
#pragma once

#include "kernel.bpf.h"

/* NULL if there is none. Another thread may have replaced the file since the call that used it. */
static __always_inline struct file *file_of(long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if (fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}
