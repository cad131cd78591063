// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keeps a trace's set of cgroups true while cgroups come and go: one that is made below a member, or under a name that is asked
 * for, becomes a member before a process can be in it, and leaves the set when it is removed. What only user space can
 * name it is told of.
 */
#include "event.bpf.h"

/* Of 64 bits each: places in the patterns of names. */
#define WORDS 4
/* With the NUL. The kernel allows no longer name of a file. */
#define NAME_BYTES 256

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} made_cgroups SEC(".maps");

/* The kinds of selectors that choose a cgroup, a bit each. User space sets them for the cgroups that are there already. */
struct chosen {
	__u32 itself;
	__u32 below; /* this one and all that are made below it */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct chosen);
} chosen_cgroups SEC(".maps");

/* A trace's set, see filter.bpf.h: those that all kinds choose that are asked for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} cgroup_set SEC(".maps");

struct cgroup_made {
	__u64 id;
	char path[1024]; /* from the top of the hierarchy; cut where it is longer */
};
RECORD(cgroup_made);

const volatile __u32 all_kinds;
const volatile bool tell;

/*
 * Patterns of names, all in one automaton: a bit is a place between two tokens of a pattern. The places that a name has reached
 * go on, by one for a byte that the next token accepts, and stay before a `*`. 0: no patterns.
 */
const volatile __u32 kind_of_names;
const volatile __u64 name_starts[WORDS];
const volatile __u64 name_stays[WORDS];
const volatile __u64 name_ends[WORDS];
const volatile __u64 name_accepts[256][WORDS];

static __always_inline bool is_name_chosen(struct cgroup *cgroup)
{
	__u64 reached[WORDS], ended = 0;
	char name[NAME_BYTES] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(cgroup, kn, name));
	for (int word = 0; word < WORDS; word++)
		reached[word] = name_starts[word];
	for (int i = 0; i < NAME_BYTES - 1; i++) {
		__u8 byte = name[i];
		__u64 carry = 0;

		if (!byte)
			break;
		for (int word = 0; word < WORDS; word++) {
			__u64 next = reached[word] & name_accepts[byte][word];

			reached[word] = (reached[word] & name_stays[word]) | (next << 1) | carry;
			carry = next >> 63;
		}
	}
	for (int word = 0; word < WORDS; word++)
		ended |= reached[word] & name_ends[word];
	return ended;
}

/* Each hierarchy of version 1 has ids of its own. */
static __always_inline bool is_v2(struct cgroup *cgroup)
{
	return cgroup->root->hierarchy_id == 0;
}

static __always_inline void tell_of(__u64 id, const char *path)
{
	struct cgroup_made *record = bpf_ringbuf_reserve(&made_cgroups, sizeof(*record), 0);

	if (!record) {
		LOST(lost_ring_full);
		return;
	}
	record->id = id;
	bpf_probe_read_kernel_str(record->path, sizeof(record->path), path);
	bpf_ringbuf_submit(record, 0);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(made, struct cgroup *cgroup, const char *path)
{
	/* `self` is the first field of a cgroup, so a pointer to it is one to the cgroup. */
	struct cgroup *parent = (void *)cgroup->self.parent;
	__u64 parent_id = BPF_CORE_READ(parent, kn, id), id = cgroup->kn->id, value = 0;
	struct chosen *above, chosen = {};

	if (!is_v2(cgroup))
		return 0;
	above = bpf_map_lookup_elem(&chosen_cgroups, &parent_id);
	if (above)
		chosen.below = above->below;
	if (kind_of_names && is_name_chosen(cgroup))
		chosen.below |= kind_of_names;
	chosen.itself = chosen.below;
	if (chosen.itself && bpf_map_update_elem(&chosen_cgroups, &id, &chosen, BPF_ANY))
		LOST(lost_map_full);
	if (chosen.itself == all_kinds && bpf_map_update_elem(&cgroup_set, &id, &value, BPF_ANY))
		LOST(lost_map_full);
	if (tell)
		tell_of(id, path);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(removed, struct cgroup *cgroup)
{
	__u64 id = cgroup->kn->id;

	if (is_v2(cgroup)) {
		bpf_map_delete_elem(&chosen_cgroups, &id);
		bpf_map_delete_elem(&cgroup_set, &id);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
