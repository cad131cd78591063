// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Directories as paths, by walking dentries and mounts up to the root. */
#pragma once

#include "kernel.bpf.h"

#define PATH_MAX 4096
#define NAME_MAX 255
#define MAX_DEPTH 64

/* The directory that a relative path of the current task starts from. False: there is none. */
static __always_inline bool start_directory(int dirfd, struct path *start)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (dirfd == AT_FDCWD) {
		BPF_CORE_READ_INTO(start, task, fs, pwd);
		return true;
	}

	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if ((__u32)dirfd >= BPF_CORE_READ(table, max_fds))
		return false;
	bpf_probe_read_kernel(&file, sizeof(file), files + dirfd);
	if (!file)
		return false;
	BPF_CORE_READ_INTO(start, file, f_path);
	return true;
}

/*
 * Writes the path of a directory so that it ends at OUT + PATH_MAX, and returns
 * where it begins. OUT holds PATH_MAX + NAME_MAX + 1 bytes. The root is the empty
 * path; one of more than MAX_DEPTH steps up, or of PATH_MAX bytes, loses its beginning,
 * and then *WHOLE is false.
 */
static __always_inline __u32 directory_path(struct path *directory, char *out, bool *whole)
{
	struct dentry *dentry = directory->dentry;
	struct vfsmount *vfsmount = directory->mnt;
	__u32 begin = PATH_MAX;

	*whole = false;
	for (int i = 0; i < MAX_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (dentry == BPF_CORE_READ(vfsmount, mnt_root) || dentry == parent) {
			struct mount *mount =
				(void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount) {
				*whole = true;
				break;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			vfsmount = (void *)above + bpf_core_field_offset(struct mount, mnt);
			continue;
		}

		__u32 length = BPF_CORE_READ(dentry, d_name.len) & NAME_MAX;

		if (length + 1 >= begin)
			break;
		begin -= length + 1;
		begin &= PATH_MAX - 1;
		out[begin] = '/';
		bpf_probe_read_kernel(out + begin + 1, length, BPF_CORE_READ(dentry, d_name.name));
		dentry = parent;
	}
	return begin;
}
