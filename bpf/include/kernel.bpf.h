// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Every kernel type and field that the programs read, and no other. CO-RE finds
 * each field by name in the running kernel's BTF, so order, padding and the rest
 * of a struct do not matter here.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/fcntl.h>
#include <linux/io_uring.h>
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

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

struct qstr {
	__u32 len;
	const unsigned char *name;
};

struct super_block {
	__u32 s_dev;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
	struct {
		struct {
			__s64 counter;
		} refcnt;
	} f_ref; /* since 6.13 */
	struct {
		__s64 counter;
	} f_count; /* before */
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end;
	unsigned long saved_auxv[64];
};

struct kernfs_node {
	__u64 id;
	const char *name;
};

struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct thread_info {
	__u32 status;
};

struct upid {
	int nr;
};

/* An id of a thread, with its number in each namespace that shows the thread. */
struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct cred {
	struct {
		__u32 val;
	} uid;
};

struct signal_set {
	unsigned long sig[1];
};

struct sigpending {
	struct signal_set signal;
};

struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
};

struct kernel_siginfo;

struct k_sigaction {
	struct sigaction sa;
};

/* What the threads of a process share. */
struct signal_struct {
	struct {
		int counter;
	} live; /* threads that have not begun to end */
	unsigned int flags;
	int group_exit_code;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct signal_struct *signal;
	int exit_code;
	__u64 start_boottime;
	__u64 self_exec_id;
	const struct cred *cred;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct signal_set blocked;
	struct sigpending pending;
	char comm[16];
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	unsigned int interp_flags;
};

struct pt_regs {
	unsigned long bx, cx, dx, si, di, ax, r8, r9, r10, orig_ax;
};

struct filename {
	const char *name;
};

/* A request's own copy of the arguments of openat or openat2. */
struct io_open {
	int dfd;
	struct filename *filename;
	struct open_how how;
	__u32 file_slot; /* since 5.15 */
};

struct io_accept {
	int iou_flags;
	__u32 file_slot;
};

struct io_rsrc_node {
	unsigned long file_ptr;
};

struct io_ring_ctx {
	struct {
		struct {
			unsigned int nr;
			struct io_rsrc_node **nodes; /* since 6.13 */
		} data;
	} file_table;
};

struct io_uring_task {
	struct task_struct *task;
};

struct io_kiocb {
	struct file *file;
	__u8 opcode;
	__u64 flags;
	struct io_ring_ctx *ctx;
	struct io_uring_task *tctx; /* since 6.13 */
	struct task_struct *task;   /* before */
	struct io_cqe {
		__u64 user_data;
	} cqe;
};

struct possible_net {
	struct net *net;
};

struct in6_address {
	__u8 bytes[16];
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned long skc_flags;
	struct possible_net skc_net;
	struct in6_address skc_v6_daddr;
	struct in6_address skc_v6_rcv_saddr;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sock {
	struct sock_common __sk_common;
	struct {
		int owned;
	} sk_lock;
	__u16 sk_protocol;
	struct socket *sk_socket;
};

struct inet_sock {
	__be16 inet_sport;
};

struct tcp_sock {
	__u32 segs_out;
	__u64 bytes_sent; /* those that were sent again too */
	__u64 bytes_retrans;
	__u64 bytes_acked;
	__u64 bytes_received;
};

struct gendisk {
	int major;
	int first_minor;
	char disk_name[32];
};

struct request_queue {
	struct gendisk *disk;
};

struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
	unsigned int __data_len;
	__u64 __sector;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

/* The fields of tracepoints by way of perf: include/trace/events. */

struct trace_event_raw_sys_enter {
	long id;
};

struct trace_event_raw_sys_exit {
	long ret;
};

/* A string is its offset in the lower half and its length, which counts the NUL, in the upper. */
struct trace_event_raw_sched_prepare_exec {
	__u32 __data_loc_interp;
	__u32 __data_loc_filename;
};

struct trace_event_raw_sched_process_exec {
	__u32 __data_loc_filename;
};

struct trace_event_raw_inet_sock_set_state {
	const void *skaddr;
};

struct trace_event_raw_sock_msg_length {
	const void *sk;
	int ret;
	int flags;
};

struct trace_event_raw_io_uring_submit_req {
	void *req;
	__u8 opcode;
	__u64 flags;
};

struct trace_event_raw_io_uring_complete {
	void *ctx, *req;
	__u64 user_data;
	int res;
};

struct trace_event_raw_io_uring_cqe_overflow {
	void *ctx;
	__u64 user_data;
	__s32 res;
	__u32 cflags;
};

#pragma clang attribute pop
