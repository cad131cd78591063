// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The filters that all probes share. The loader sets the switches before the verifier runs, so a
 * filter that is off costs no instruction. An event must pass every filter that is on.
 */
#pragma once

#include "event.bpf.h"

const volatile __u32
	self_pid; /* the tracer's own process, whose events are dropped; 0: keep them */
const volatile __u32 only_pid;
const volatile __u32 only_tid;
const volatile __u32 only_ppid;
const volatile bool by_uid; /* a switch of its own, as 0 is a valid uid */
const volatile __u32 only_uid;
const volatile __u8 comm_part_length;
const volatile char comm_part[16];
const volatile bool by_cgroup;
const volatile bool decided_only; /* of a set where user space is still to decide on some */
const volatile bool by_mntns;

/*
 * The loader may replace the sets by pinned maps that others make and edit. Of those only the
 * presence of a key counts, never its value: that is BCC's interface. A set of the loader's own
 * has a value other than 0 for a cgroup that is undecided: user space leaves events of those out
 * of a ring that turn out to be unwanted, but cannot take back what was counted.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} cgroup_set SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} mntns_set SEC(".maps");

/*
 * Whether a comm does not contain the wanted bytes. Both are padded with NULs, which match
 * nothing.
 */
static __always_inline bool comm_differs(const char *comm)
{
	for (int start = 0; start < 16; start++) {
		bool same = true;

		for (int i = 0; i < 16 && start + i < 16; i++)
			if (i < comm_part_length && comm[start + i] != comm_part[i])
				same = false;
		if (same && start + comm_part_length <= 16)
			return false;
	}
	return true;
}

/*
 * Whether the events of a thread are not wanted. The thread is the one that WHO describes, or
 * TASK if WHO is NULL; then only what the active filters need is read. Cheapest test first.
 */
static __always_inline bool drop_of(const struct who *who, struct task_struct *task)
{
	__u32 pid = who ? who->pid : task->tgid;

	if (self_pid && pid == self_pid)
		return true;
	if (only_pid && pid != only_pid)
		return true;
	if (only_tid && (who ? who->tid : task->pid) != only_tid)
		return true;
	if (by_uid && (who ? who->uid : task->cred->uid.val) != only_uid)
		return true;
	if (by_cgroup) {
		__u64 key = who ? who->cgroup_id : cgroup_id(task);

		__u64 *undecided = bpf_map_lookup_elem(&cgroup_set, &key);

		if (!undecided || (decided_only && *undecided))
			return true;
	}
	if (only_ppid && (who ? who->ppid : task->real_parent->tgid) != only_ppid)
		return true;
	if (by_mntns) {
		__u64 key = who ? who->mntns_id : task->nsproxy->mnt_ns->ns.inum;

		if (!bpf_map_lookup_elem(&mntns_set, &key))
			return true;
	}
	if (comm_part_length) {
		char comm[16] = {};

		if (who)
			__builtin_memcpy(comm, who->comm, sizeof(comm));
		else
			bpf_probe_read_kernel(comm, sizeof(comm), task->comm);
		if (comm_differs(comm))
			return true;
	}
	return false;
}

static __always_inline bool drop(const struct who *who)
{
	return drop_of(who, NULL);
}

static __always_inline bool drop_current(void)
{
	return drop_of(NULL, bpf_get_current_task_btf());
}

/*
 * The same for another thread, if the event is not about the current one. TASK is an argument of
 * the hook.
 */
static __always_inline bool drop_task(struct task_struct *task)
{
	return drop_of(NULL, task);
}
