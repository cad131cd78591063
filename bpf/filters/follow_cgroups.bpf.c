// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Keeps a trace's set of cgroups true while cgroups come and go: one that is made below a member, at a path, or under a name that is
 * asked for becomes a member before a process can be in it, and leaves the set when it is removed. One that only user space can name
 * is a member until that has decided.
 */
#include "event.bpf.h"

/* Of 64 bits each: places in the patterns of names. */
#define WORDS 8
/* With the NUL. The kernel allows no longer name of a file. */
#define NAME_BYTES 256

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} made_cgroups SEC(".maps");

/* The kinds of selectors that choose a cgroup, a bit each. User space sets them for the cgroups that are there already. */
struct chosen {
	__u32 itself;
	__u32 below;	 /* this one and all that are made below it */
	__u32 undecided; /* those that may choose it and what is below: user space is to say */
	__u32 step;	 /* where it is on the way to a path that is asked for; NONE: on no way */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct chosen);
} chosen_cgroups SEC(".maps");

/*
 * A trace's set, see filter.bpf.h: those that all kinds choose that are asked for, with 0, and with 1 those for which user space
 * is to decide that.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} cgroup_set SEC(".maps");

/* The paths that are asked for, a directory a step. From NONE are names that may be anywhere. */
#define NONE 0

struct step_from {
	__u32 step;
	char name[NAME_BYTES];
};

struct step_to {
	__u32 step;
	__u32 itself;
	__u32 below;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct step_from);
	__type(value, struct step_to);
} path_steps SEC(".maps");

struct cgroup_made {
	__u64 id;
	__u32 itself; /* the kinds that choose it, as far as that is decided */
	__u32 undecided;
	char path[1024]; /* from the top of the hierarchy; cut where it is longer */
};
RECORD(cgroup_made);

const volatile __u32 all_kinds;
const volatile bool by_directory; /* a name anywhere is asked for */
/* Whether members may be undecided: not where others read the set. */
const volatile bool keep_undecided;

/*
 * Patterns of names, all in one automaton: a bit is a place between two tokens of a pattern. The places that a name has reached
 * go on, by one for a byte that the next token accepts, and stay before a `*`. 0: no patterns.
 */
const volatile __u32 kind_of_names;
const volatile __u32 kinds_told; /* those that user space decides, of names that end at told_ends */
const volatile __u64 name_starts[WORDS];
const volatile __u64 name_stays[WORDS];
const volatile __u64 name_ends[WORDS];
const volatile __u64 told_ends[WORDS];
const volatile __u64 name_accepts[256][WORDS];

/* Says what a name decides, and what it leaves to user space. */
static __always_inline void look_at_name(const char *name, struct chosen *chosen)
{
	__u64 reached[WORDS], is_chosen = 0, is_told = 0;

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
	for (int word = 0; word < WORDS; word++) {
		is_chosen |= reached[word] & name_ends[word];
		is_told |= reached[word] & told_ends[word];
	}
	if (is_chosen)
		chosen->below |= kind_of_names;
	if (is_told)
		chosen->undecided |= kinds_told;
}

static __always_inline void step(const struct step_from *from, struct chosen *chosen)
{
	struct step_to *to = bpf_map_lookup_elem(&path_steps, from);

	if (!to)
		return;
	chosen->step |= to->step;
	chosen->itself |= to->itself;
	chosen->below |= to->below;
}

/* Each hierarchy of version 1 has ids of its own. */
static __always_inline bool is_v2(struct cgroup *cgroup)
{
	return cgroup->root->hierarchy_id == 0;
}

/* Returns whether user space will hear of it. */
static __always_inline bool tell_of(__u64 id, const struct chosen *chosen, const char *path)
{
	struct cgroup_made *record = bpf_ringbuf_reserve(&made_cgroups, sizeof(*record), 0);

	if (!record) {
		LOST(lost_ring_full);
		return false;
	}
	record->id = id;
	record->itself = chosen->itself;
	record->undecided = chosen->undecided;
	bpf_probe_read_kernel_str(record->path, sizeof(record->path), path);
	bpf_ringbuf_submit(record, 0);
	return true;
}

static __always_inline void add(__u64 id, __u64 undecided)
{
	if (bpf_map_update_elem(&cgroup_set, &id, &undecided, BPF_ANY))
		LOST(lost_map_full);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(made, struct cgroup *cgroup, const char *path)
{
	/* `self` is the first field of a cgroup, so a pointer to it is one to the cgroup. */
	struct cgroup *parent = (void *)cgroup->self.parent;
	__u64 parent_id = BPF_CORE_READ(parent, kn, id), id = cgroup->kn->id;
	struct chosen *above, chosen = {};
	struct step_from from = {};
	__u32 inherited = 0;

	if (!is_v2(cgroup))
		return 0;
	bpf_probe_read_kernel_str(from.name, sizeof(from.name), BPF_CORE_READ(cgroup, kn, name));
	above = bpf_map_lookup_elem(&chosen_cgroups, &parent_id);
	if (above) {
		inherited = chosen.below = above->below;
		chosen.undecided = above->undecided;
		from.step = above->step;
	}
	if (kind_of_names || kinds_told)
		look_at_name(from.name, &chosen);
	if (from.step != NONE)
		step(&from, &chosen);
	if (by_directory) {
		from.step = NONE;
		step(&from, &chosen);
	}
	chosen.itself |= chosen.below;
	chosen.undecided &= ~chosen.below;
	if (!chosen.itself && !chosen.undecided && !chosen.step)
		return 0;
	if (bpf_map_update_elem(&chosen_cgroups, &id, &chosen, BPF_ANY))
		LOST(lost_map_full);
	if (chosen.itself == all_kinds)
		add(id, 0);
	if (chosen.undecided) {
		/* What user space does not hear of it cannot leave out. */
		if (tell_of(id, &chosen, path) && keep_undecided && chosen.itself != all_kinds)
			add(id, 1);
	} else if (chosen.itself != inherited) {
		tell_of(id, &chosen, path);
	}
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(removed, struct cgroup *cgroup)
{
	__u64 id = cgroup->kn->id;

	/* In this order: user space that adds one looks afterwards whether it is still chosen. */
	if (is_v2(cgroup)) {
		bpf_map_delete_elem(&chosen_cgroups, &id);
		bpf_map_delete_elem(&cgroup_set, &id);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
