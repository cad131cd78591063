// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every kernel type and field that the programs read, and no other. CO-RE finds
 * each field by name in the running kernel's BTF, so order, padding and the rest
 * of a struct do not matter here.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct qstr {
	__u32 len;
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path pwd;
};

struct file {
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
};

struct thread_info {
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	char comm[16];
};

struct linux_binprm {
	const char *filename;
	const char *interp;
};

struct pt_regs {
	unsigned long bx, cx, dx, si, di, ax, r8, r9, r10, orig_ax;
};

struct filename {
	const char *name;
};

/* The request's own copy of what an openat or openat2 asked for. */
struct io_open {
	int dfd;
	struct filename *filename;
	struct open_how how;
};

struct io_uring_cqe {
	__s32 res;
};

struct io_kiocb {
	__u8 opcode;
	__u64 flags;
};

#pragma clang attribute pop
