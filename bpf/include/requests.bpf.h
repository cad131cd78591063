// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Requests of io_uring that are under way. They are kept in task storage, so that no process can
 * use up another's room. All kernels whose requests we can see have task storage.
 *
 * Before the include, the program defines what it keeps of a request: struct waiting, which
 * starts with a struct request_id, and WAITING_MAX, a power of two. The kernel gives a task at
 * most 8 KiB at once.
 */

struct requests {
	struct waiting all[WAITING_MAX];
	__u32 count;
	__u32 others; /* those that did not fit, as the including program counts them */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct requests);
} requests_of_task SEC(".maps");

/* WANTED is looked for by its request, or without one by ring and user_data. */
struct search {
	struct request_id wanted;
	struct requests *of; /* the task's; NULL: it has none */
	__u32 seen, at;
};

static long is_wanted(__u32 i, struct search *search)
{
	struct request_id *id = &search->of->all[i & (WAITING_MAX - 1)].id;
	const struct request_id *wanted = &search->wanted;

	if (!id->request)
		return false;
	if (wanted->request ? id->request == wanted->request
			    : id->ring == wanted->ring && id->user_data == wanted->user_data) {
		search->at = i;
		return true;
	}
	/* Read each time: another processor may add a request in front of this one. */
	return ++search->seen >= *(volatile __u32 *)&search->of->count;
}

static long take_free(__u32 i, struct search *search)
{
	__u64 *place = &search->of->all[i & (WAITING_MAX - 1)].id.request;

	if (*place || __sync_val_compare_and_swap(place, 0, search->wanted.request))
		return false;
	search->at = i;
	return true;
}

/* The result of a search, or NULL. */
static __always_inline struct waiting *found(const struct search *search)
{
	if (search->at >= WAITING_MAX)
		return NULL;
	return &search->of->all[search->at & (WAITING_MAX - 1)];
}

static __always_inline struct waiting *find_with(struct task_struct *task, struct search *search,
						 __u64 flags)
{
	search->of = bpf_task_storage_get(&requests_of_task, task, 0, flags);
	search->at = WAITING_MAX;
	search->seen = 0;
	if (!search->of)
		return NULL;
	if (search->of->count)
		bpf_loop(WAITING_MAX, is_wanted, search, 0);
	return found(search);
}

/*
 * Takes a place for the wanted request after a search has not found it; the caller fills in the
 * rest of its id. NULL if there is no room.
 */
static __always_inline struct waiting *take_place(struct search *search)
{
	struct waiting *place;

	if (!search->of)
		return NULL;
	/* Counted before it is in place, so that every search reaches it. */
	__sync_fetch_and_add(&search->of->count, 1);
	bpf_loop(WAITING_MAX, take_free, search, 0);
	place = found(search);
	if (!place)
		__sync_fetch_and_add(&search->of->count, -1);
	return place;
}

/* Frees the place of a request that was found. */
static __always_inline void drop_waiting(struct search *search, struct waiting *one)
{
	one->id.request = 0;
	__sync_fetch_and_add(&search->of->count, -1);
}
