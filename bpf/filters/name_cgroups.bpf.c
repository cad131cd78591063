// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Remembers where cgroups were made, for those that are gone before user space looks for them. User space is also told that there
 * is a new one, as its engine may know its name only while it is there.
 */
#include "event.bpf.h"

struct place {
	char path[1024]; /* from the top of the hierarchy; cut where it is longer */
};

/* The places of the last ones by id. The least used goes when it is full. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, struct place);
} places SEC(".maps");

static const struct place empty;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32768);
} made_cgroups SEC(".maps");

struct cgroup_made {
	__u64 id;
};
RECORD(cgroup_made);

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(made, struct cgroup *cgroup, const char *path)
{
	__u64 id = cgroup->kn->id;
	struct place *place;

	/* Each hierarchy of version 1 has ids of its own. */
	if (cgroup->root->hierarchy_id != 0)
		return 0;
	bpf_map_update_elem(&places, &id, &empty, BPF_ANY);
	place = bpf_map_lookup_elem(&places, &id);
	if (place)
		bpf_probe_read_kernel_str(place->path, sizeof(place->path), path);
	/* If the ring is full, it is looked for with the first event from it. */
	bpf_ringbuf_output(&made_cgroups, &id, sizeof(id), 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
