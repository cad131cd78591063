// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The filters that all probes share. The loader sets the switches before the verifier runs, so a
 * filter that is off costs no instruction. An event must pass every filter that is on.
 */
#pragma once

#include "event.bpf.h"

#define MOST_WANTED 64

const volatile __u32
	self_pid; /* the tracer's own process, whose events are dropped; 0: keep them */
/* Lists of what is wanted; any of a list will do. A list of none is off. */
const volatile __u32 processes_count, threads_count, parents_count, uids_count;
const volatile __u64 only_processes[MOST_WANTED]; /* by their identities: see task.bpf.h */
const volatile __u64 only_threads[MOST_WANTED];
const volatile __u64 only_parents[MOST_WANTED];
const volatile __u32 only_uids[MOST_WANTED];
const volatile bool by_cgroup;
const volatile bool decided_only; /* of a set where user space is still to decide on some */
const volatile bool by_mntns;
const volatile bool by_netns;
const volatile bool by_tree;

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

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} netns_set SEC(".maps");

/* Marks the threads of trees of processes: see filters/follow_tree.bpf.c. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} tree_members SEC(".maps");

/*
 * Names that a comm shall contain one of, all in one automaton: a bit is a byte of a name. It is
 * set when that byte and those before it have come. No name crosses the border of a word.
 */
#define COMM_WORDS 4
const volatile __u32 comm_words; /* how many are in use; 0: no names */
const volatile __u64 comm_starts[COMM_WORDS];
const volatile __u64 comm_ends[COMM_WORDS];
const volatile __u64 comm_accepts[256][COMM_WORDS];

/* Not inlined, like is_one_of: most runs do not ask, and programs ask in several places. */
static __noinline bool comm_wanted(struct task_struct *task)
{
	__u64 reached[COMM_WORDS] = {}, ended = 0;
	char comm[16] = {};

	read_comm(comm, task);
	for (int i = 0; i < 16; i++) {
		__u8 byte = comm[i]; /* the NUL after the name is in no name */

		for (int word = 0; word < COMM_WORDS; word++) {
			if (word >= comm_words)
				break;
			reached[word] = ((reached[word] << 1) | comm_starts[word]) &
					comm_accepts[byte][word];
			ended |= reached[word] & comm_ends[word];
		}
	}
	return ended;
}

static __noinline bool is_one_of(const volatile __u64 *wanted, __u32 count, __u64 id)
{
	for (__u32 i = 0; i < MOST_WANTED && i < count; i++)
		if (wanted[i] == id)
			return true;
	return false;
}

static __always_inline bool is_user_of(__u32 uid)
{
	for (__u32 i = 0; i < MOST_WANTED && i < uids_count; i++)
		if (only_uids[i] == uid)
			return true;
	return false;
}

static __always_inline bool drop_netns(__u32 inode)
{
	__u64 key = inode;

	return by_netns && !bpf_map_lookup_elem(&netns_set, &key);
}

/*
 * Whether the events of a thread are not wanted. NAMED is the thread whose id and name they have:
 * mostly the same. Only what the active filters need is read, and the cheapest test comes first.
 */
static __always_inline bool drop_named(struct task_struct *task, struct task_struct *named)
{
	if (self_pid && task->tgid == self_pid)
		return true;
	if (processes_count && !is_one_of(only_processes, processes_count, process_identity(task)))
		return true;
	if (threads_count && !is_one_of(only_threads, threads_count, thread_identity(named)))
		return true;
	if (uids_count && !is_user_of(task->cred->uid.val))
		return true;
	/* Threads that the kernel adds to a process, as for io_uring, have no mark of their own. */
	if (by_tree && !bpf_task_storage_get(&tree_members, task->group_leader, 0, 0))
		return true;
	if (by_cgroup) {
		__u64 key = cgroup_id(task);

		__u64 *undecided = bpf_map_lookup_elem(&cgroup_set, &key);

		if (!undecided || (decided_only && *undecided))
			return true;
	}
	if (parents_count &&
	    !is_one_of(only_parents, parents_count, process_identity(task->real_parent)))
		return true;
	if (by_mntns) {
		__u64 key = task->nsproxy->mnt_ns->ns.inum;

		if (!bpf_map_lookup_elem(&mntns_set, &key))
			return true;
	}
#ifndef NETNS_OF_SOCKETS
	if (drop_netns(by_netns ? task->nsproxy->net_ns->ns.inum : 0))
		return true;
#endif
	return comm_words && !comm_wanted(named);
}

/* TASK is an argument of the hook. */
static __always_inline bool drop_task(struct task_struct *task)
{
	return drop_named(task, task);
}

static __always_inline bool drop_current(void)
{
	return drop_task(bpf_get_current_task_btf());
}
