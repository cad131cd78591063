// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens that were submitted to io_uring and have no result yet. A process has room for some of
 * them, which nobody else can use up. Further opens, and long paths, go into room that all
 * processes share. An open that finds no room is sent at once, without its result, so none is
 * ever hidden.
 *
 * Before the include, the program defines struct open_event and its record; it also defines
 * gave_up().
 */
#pragma once

#include "io_uring.bpf.h"
#include "preemption.bpf.h"

#define SHORT_PATH 256

/* The beginning of a record. If the path is short, it is the whole record. */
struct short_record {
	struct open_event event;
	char tail[SHORT_PATH];
};

struct waiting {
	struct request_id id;
	struct short_record record;
};

/* Kept with the first thread of a process: workers of io_uring, which are threads too, complete what others submit. */
#define WAITING_MAX 16
#include "requests.bpf.h"

#define SHARED_MAX 65536
#define SHARED_OF_PROCESS (SHARED_MAX / 4)

/* The OTHERS of a process's requests counts its entries in these two maps. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SHARED_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct request_id);
	__type(value, struct short_record);
} short_opens SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct request_id);
	__type(value, struct open_event_record);
} long_opens SEC(".maps");

/* Called if the result of an open will never be known, with the size of its record. */
static __always_inline void gave_up(struct open_event *event, __u64 size);

#define give_up(record)                                                              \
	do {                                                                         \
		__u64 _size = sizeof((record)->event) + (record)->event.path.length; \
		asm volatile("" : "+r"(_size)); /* as in emit_text() */              \
		if (_size <= sizeof(*(record)))                                      \
			gave_up(&(record)->event, _size);                            \
	} while (0)

static __always_inline struct task_struct *current_process(void)
{
	return bpf_get_current_task_btf()->group_leader;
}

static __always_inline bool is_short(const struct open_event_record *record)
{
	return record->event.path.length <= SHORT_PATH;
}

/* Gives up the open with this id in the shared room, if any. */
static __always_inline void give_up_shared(struct requests *of, const struct request_id *id)
{
	struct short_record *one = bpf_map_lookup_elem(&short_opens, id);
	struct open_event_record *long_one = bpf_map_lookup_elem(&long_opens, id);

	if (one) {
		give_up(one);
		bpf_map_delete_elem(&short_opens, id);
		__sync_fetch_and_add(&of->others, -1);
	}
	if (long_one) {
		give_up(long_one);
		bpf_map_delete_elem(&long_opens, id);
		__sync_fetch_and_add(&of->others, -1);
	}
}

/* Keeps an open of the current process. False if there is no room. */
static __always_inline bool keep_open(struct io_kiocb *request, struct open_event_record *record)
{
	struct search search = {.wanted = id_of(request)};
	struct waiting *place;
	bool full;

	place = find_with(current_process(), &search, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!search.of)
		return false;
	/* Earlier opens at the same address whose end was not seen. */
	if (place) {
		give_up(&place->record);
		drop_waiting(&search, place);
	}
	if (search.of->others)
		give_up_shared(search.of, &search.wanted);

	place = is_short(record) ? take_place(&search) : NULL;
	if (place) {
		place->id = search.wanted;
		place->record.event = record->event;
		bpf_probe_read_kernel(place->record.tail, SHORT_PATH, record->tail);
		return true;
	}
	if (search.of->others >= SHARED_OF_PROCESS)
		return false;
	full = is_short(record)
		       ? bpf_map_update_elem(&short_opens, &search.wanted, record, BPF_NOEXIST)
		       : bpf_map_update_elem(&long_opens, &search.wanted, record, BPF_NOEXIST);
	if (!full)
		__sync_fetch_and_add(&search.of->others, 1);
	return !full;
}

/*
 * Moves an open of the current process from the shared room into a record. False if there is
 * none with that id.
 */
static __always_inline bool take_shared(struct requests *of, const struct request_id *id,
					struct open_event_record *record)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct short_record *one = bpf_map_lookup_elem(&short_opens, id);
	struct open_event_record *long_one = bpf_map_lookup_elem(&long_opens, id);

	if (one && one->event.who.pid == pid) {
		bpf_probe_read_kernel(record, sizeof(*one), one);
		bpf_map_delete_elem(&short_opens, id);
	} else if (long_one && long_one->event.who.pid == pid) {
		bpf_probe_read_kernel(record, sizeof(*long_one), long_one);
		bpf_map_delete_elem(&long_opens, id);
	} else {
		return false;
	}
	__sync_fetch_and_add(&of->others, -1);
	return true;
}

/* An open among those that are shared: of a process, and as a completion names it that does not name its request. */
struct shared_search {
	struct request_id id;
	__u32 pid;
	bool found;
};

static long is_shared(void *map, struct request_id *id, struct open_event *event,
		      struct shared_search *search)
{
	if (event->who.pid != search->pid || id->ring != search->id.ring ||
	    id->user_data != search->id.user_data)
		return false;
	search->id = *id;
	search->found = true;
	return true;
}

/*
 * Moves an open of the current process into a record when it is completed. False if it is not
 * known.
 */
static __always_inline bool take_open(const struct request_id *id, struct open_event_record *record)
{
	struct search search = {.wanted = *id};
	struct waiting *place = find_with(current_process(), &search, 0);

	if (place) {
		bpf_probe_read_kernel(record, sizeof(place->record), &place->record);
		drop_waiting(&search, place);
		return true;
	}
	if (!search.of || !search.of->others)
		return false;
	if (id->request)
		return take_shared(search.of, id, record);

	struct shared_search shared = {.id = *id, .pid = bpf_get_current_pid_tgid() >> 32};

	bpf_for_each_map_elem(&short_opens, is_shared, &shared, 0);
	if (!shared.found)
		bpf_for_each_map_elem(&long_opens, is_shared, &shared, 0);
	return shared.found && take_shared(search.of, &shared.id, record);
}

static long leave_short(void *map, struct request_id *id, struct short_record *record, __u32 *pid)
{
	if (record->event.who.pid == *pid) {
		give_up(record);
		bpf_map_delete_elem(map, id);
	}
	return 0;
}

static long leave_long(void *map, struct request_id *id, struct open_event_record *record,
		       __u32 *pid)
{
	if (record->event.who.pid == *pid) {
		give_up(record);
		bpf_map_delete_elem(map, id);
	}
	return 0;
}

/*
 * Forgets the requests of a process that ends: they have ended before it, even if nothing was
 * seen of that.
 */
AT_THREAD_END(process_exit)
{
	struct requests *of = bpf_task_storage_get(&requests_of_task, thread, 0, 0);
	__u32 pid = thread->tgid;

	if (!of)
		return 0;
	for (int i = 0; i < WAITING_MAX && of->count; i++)
		if (of->all[i].id.request)
			give_up(&of->all[i].record);
	if (of->others) {
		bpf_for_each_map_elem(&short_opens, leave_short, &pid, 0);
		bpf_for_each_map_elem(&long_opens, leave_long, &pid, 0);
	}
	bpf_task_storage_delete(&requests_of_task, thread);
	return 0;
}
