// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests to block devices. Each is sent at its completion, with the process that made it. */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"

enum pattern { PATTERN_UNKNOWN, PATTERN_SEQUENTIAL, PATTERN_RANDOM };
enum operation { READ, WRITE, FLUSH, DISCARD, SECURE_ERASE, WRITE_ZEROES, OTHER };

struct block_event {
	struct who who;
	__u64 sector;
	__u64 queued_ns;
	__u64 latency_ns;
	__u32 bytes;
	char disk[32];
	__u8 operation;
	__u8 pattern;
	__u8 _pad[2];
};
RECORD(block_event);

struct request_note {
	struct block_event event;
};

#include "block.bpf.h"

/* Where the last shown request to each disk ended. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} ends SEC(".maps");

static __always_inline __u8 pattern_of(struct request *request, __u64 sector)
{
	struct gendisk *disk = disk_of(request);
	__u64 key = (__u64)disk, end = sector + request->__data_len / 512;
	__u64 *before = bpf_map_lookup_elem(&ends, &key);
	__u8 pattern = !before		   ? PATTERN_UNKNOWN
		       : *before == sector ? PATTERN_SEQUENTIAL
					   : PATTERN_RANDOM;

	bpf_map_update_elem(&ends, &key, &end, BPF_ANY);
	return pattern;
}

static __always_inline enum operation operation_name(__u8 operation)
{
	switch (operation) {
	case REQ_OP_READ:
		return READ;
	case REQ_OP_WRITE:
		return WRITE;
	case REQ_OP_FLUSH:
		return FLUSH;
	case REQ_OP_DISCARD:
		return DISCARD;
	case REQ_OP_SECURE_ERASE:
		return SECURE_ERASE;
	case REQ_OP_WRITE_ZEROES:
		return WRITE_ZEROES;
	default:
		return OTHER;
	}
}

/*
 * Describes a request at its issue: until then others may be merged into it, and afterwards its
 * size shrinks.
 */
static __always_inline void describe(struct block_event *event, struct request *request)
{
	event->operation = operation_name(operation_of(request));
	event->bytes = request->__data_len;
	event->sector = event->bytes ? request->__sector : 0;
	if (event->bytes)
		event->pattern = pattern_of(request, event->sector);
}

static __always_inline bool note_made(struct request_note *note, struct request *request)
{
	if (drop_current())
		return false;
	fill_who(&note->event.who);
	read_disk_name(note->event.disk, request);
	return true;
}

static __always_inline void note_issued(struct request_note *note, struct request *request)
{
	describe(&note->event, request);
}

static __always_inline void completed(struct request_state *state, struct request *request)
{
	struct block_event *event = &state->note.event;

	event->who.time = event_time();
	if (!state->issued) {
		describe(event, request);
		state->issued = state->made;
	}
	event->queued_ns = state->issued - state->made;
	event->latency_ns = event->who.time - state->issued;
	emit(event, sizeof(*event));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
