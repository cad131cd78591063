// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keeps a set of cgroups complete: a cgroup that is made below a member becomes a member before
 * a process can be in it, and leaves the set when it is removed. User space adds the topmost
 * cgroup.
 */
#include "kernel.bpf.h"

/* A trace's `cgroup_set`, see filter.bpf.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} cgroup_set SEC(".maps");

/* Cgroups that the set had no room for. */
__u64 missed;

/* Each hierarchy of version 1 has ids of its own. */
static __always_inline bool is_v2(struct cgroup *cgroup)
{
	return cgroup->root->hierarchy_id == 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(made, struct cgroup *cgroup)
{
	/* `self` is the first field of a cgroup, so a pointer to it is one to the cgroup. */
	struct cgroup *parent = (void *)cgroup->self.parent;
	__u64 parent_id = BPF_CORE_READ(parent, kn, id), id = cgroup->kn->id, value = 0;

	if (!is_v2(cgroup) || !bpf_map_lookup_elem(&cgroup_set, &parent_id))
		return 0;
	if (bpf_map_update_elem(&cgroup_set, &id, &value, BPF_ANY))
		__sync_fetch_and_add(&missed, 1);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(removed, struct cgroup *cgroup)
{
	__u64 id = cgroup->kn->id;

	if (is_v2(cgroup))
		bpf_map_delete_elem(&cgroup_set, &id);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
