// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How an event leaves the kernel: a fixed struct, then the bytes of its texts, as
 * one record in one ring. A record is built in scratch memory of its CPU, because
 * a ring can reserve only sizes known to the verifier, and is then copied at the
 * length it came to.
 */
#pragma once

#include "condition.bpf.h"
#include "task.bpf.h"

/* Where the bytes of a string are in its record, from the record's start. There is no NUL. */
struct text {
	__u16 offset;
	__u16 length;
};

/* The process that caused the event, as of that moment. Every event begins with it. */
struct who {
	__u64 time; /* CLOCK_BOOTTIME, ns: event_time() */
	__u64 cgroup_id;
	__u64 exec_id; /* which program in which process: see task.bpf.h */
	__u32 pid;     /* the process: the kernel's tgid */
	__u32 tid;     /* the thread: the kernel's pid */
	__u32 ppid;
	__u32 uid;
	__u32 mntns_id;
	__u16 cpu;
	__u16 _record; /* 0: an event; others: records for the probe alone */
	char comm[16];
};

/*
 * Makes the ring NAME and NAME_emit(), which sends the first SIZE bytes of a record. An object
 * that only has tables needs no ring.
 */
#define RING(NAME)                                                                               \
	struct {                                                                                 \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                              \
		__uint(max_entries, 32 << 20); /* the loader sets the size that was asked for */ \
	} NAME SEC(".maps");                                                                     \
	static __always_inline void NAME##_emit(void *record, __u64 size)                        \
	{                                                                                        \
		if (bpf_ringbuf_output(&NAME, record, size, 0))                                  \
			LOST(lost_ring_full);                                                    \
	}

/* Whether a record does not meet the condition that user space has set. */
static __always_inline bool unwanted(const void *record)
{
	const struct who *who = record;

	return by_condition && !who->_record && !condition(record);
}

/* Sends a record to the ring of most programs, if it is wanted. */
#define emit(record, size)                         \
	do {                                       \
		if (!unwanted(record))             \
			events_emit(record, size); \
	} while (0)

/*
 * Events that could not be sent, by reason. User space maps these counters and reads them while
 * it reads the ring.
 */
__u64 lost_ring_full;
__u64 lost_map_full;
__u64 lost_no_scratch_memory; /* on a processor with a number beyond those counted at the start, or of a task */

#define LOST(counter) __sync_fetch_and_add(&(counter), 1)

/* Puts a record's type into the object's BTF, where user space reads the layout. */
#define RECORD(name) const struct name *const name##_anchor __attribute__((unused)) = 0

/*
 * The same for a record that ends in texts, and makes scratch memory for it with room for
 * TAIL bytes of them. SLOTS is how many programs of the object may build one at once on
 * one CPU; the loader makes that many for each CPU.
 */
#define TEXT_RECORD(name, TAIL, SLOTS)                                      \
	struct name##_record {                                              \
		struct name event;                                          \
		char tail[TAIL];                                            \
	};                                                                  \
	struct {                                                            \
		__uint(type, BPF_MAP_TYPE_ARRAY);                           \
		__uint(max_entries, SLOTS);                                 \
		__type(key, __u32);                                         \
		__type(value, struct name##_record);                        \
	} events_scratch SEC(".maps");                                      \
	static __always_inline struct name##_record *new_record(__u32 slot) \
	{                                                                   \
		__u32 key = bpf_get_smp_processor_id() * SLOTS + slot;      \
		struct name##_record *record;                               \
                                                                            \
		record = bpf_map_lookup_elem(&events_scratch, &key);        \
		if (!record)                                                \
			LOST(lost_no_scratch_memory);                       \
		return record;                                              \
	}

/*
 * The same for programs at uprobes. The kernel may preempt them and run them for another task on
 * that processor meanwhile, so the scratch memory belongs to the task. Kernel 5.12.
 */
#define TASK_TEXT_RECORD(name, TAIL)                                                          \
	struct name##_record {                                                                \
		struct name event;                                                            \
		char tail[TAIL];                                                              \
	};                                                                                    \
	struct {                                                                              \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE);                                      \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                         \
		__type(key, int);                                                             \
		__type(value, struct name##_record);                                          \
	} events_scratch SEC(".maps");                                                        \
	static __always_inline struct name##_record *new_record(void)                         \
	{                                                                                     \
		struct name##_record *record;                                                 \
                                                                                              \
		record = bpf_task_storage_get(&events_scratch, bpf_get_current_task_btf(), 0, \
					      BPF_LOCAL_STORAGE_GET_F_CREATE);                \
		if (!record)                                                                  \
			LOST(lost_no_scratch_memory);                                         \
		return record;                                                                \
	}

/*
 * The clock of events. It runs on while the machine is suspended, as the time of day does.
 * CLOCK_MONOTONIC does not, so it must not get into an event.
 */
static __always_inline __u64 event_time(void)
{
	return bpf_ktime_get_boot_ns();
}
#pragma GCC poison bpf_ktime_get_ns

/* Describes the current task. */
static __always_inline void fill_who(struct who *who)
{
	struct task_struct *task = bpf_get_current_task_btf();

	who->time = event_time();
	who->cgroup_id = cgroup_id(task);
	who->exec_id = exec_id(task);
	who->pid = task->tgid;
	who->tid = task->pid;
	who->ppid = task->real_parent->tgid;
	who->uid = (__u32)bpf_get_current_uid_gid();
	who->mntns_id = task->nsproxy->mnt_ns->ns.inum;
	who->cpu = bpf_get_smp_processor_id();
	who->_record = 0;
	bpf_get_current_comm(who->comm, sizeof(who->comm));
}

/*
 * Sends a record with texts. Only the program knows its size, and the verifier requires a bounds
 * check of the very register that is passed on.
 */
#define emit_text(record, size)                 \
	({                                      \
		__u64 _size = size;             \
		asm volatile("" : "+r"(_size)); \
		if (_size <= sizeof(*(record))) \
			emit(record, _size);    \
	})
