// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files that processes open: open, creat, openat, openat2, and opens made by io_uring. */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"
#include "io_uring.bpf.h"
#include "path.bpf.h"
#include "preemption.bpf.h"
#include "syscall.bpf.h"
#include "versions.bpf.h"

const volatile bool only_failed;
const volatile bool full_path;
/* Wanted flags: bits of open(2), and a bit (1 << mode) for each wanted access mode. */
const volatile bool by_flags;
const volatile __u32 only_flags;
const volatile __u32 only_access_modes;

struct open_event {
	struct who who;
	__s32 ret;
	__u32 flags;
	__u32 mode;
	struct text path;
	__u8 truncated;
	__u8 io_uring;
	__u8 _fixed; /* through io_uring: the result is no descriptor */
	__u8 _pad[5];
};

#define O_TMPFILE_BIT 020000000
#define REQ_F_CQE_SKIP 64 /* include/linux/io_uring_types.h: no completion on success */
#define SLOT_SYSCALL 0
#define SLOT_SIGNAL 1
#define SLOT_IO_URING 2
#define SLOT_COMPLETION 3
#define SLOT_OVERFLOW 4

/* Room for a directory and a name. */
TEXT_RECORD(open_event, 2 * PATH_MAX, 5)

#include "waiting_opens.bpf.h"

/*
 * Opens through io_uring that may have failed, if only failed opens are wanted and the result
 * will never be known.
 */
__u64 lost_open_without_result;

static __always_inline bool result_unwanted(long ret)
{
	return only_failed && ret >= 0;
}

static __always_inline bool flags_unwanted(__u32 flags)
{
	return by_flags && !(flags & only_flags) &&
	       !(only_access_modes & (1u << (flags & O_ACCMODE)));
}

/* How a file is opened: the arguments of openat2, or their equivalent for other calls. */
struct open_request {
	int dirfd;
	struct open_how how;
	const void *name; /* a string of the user */
	const char *copy; /* or of the kernel */
};

static __always_inline long read_name(void *to, __u32 size, const struct open_request *request)
{
	return request->copy ? bpf_probe_read_kernel_str(to, size, request->copy)
			     : bpf_probe_read_user_str(to, size, request->name);
}

/*
 * Puts the directory that a name starts from at the start of the tail, and a slash if the name
 * has none. For an absolute name it is the root: the process's, or the one of RESOLVE_IN_ROOT.
 * Returns the length.
 */
static __always_inline __u32 put_start(struct open_event_record *record,
				       const struct open_request *request, __u32 slot)
{
	bool in_root = request->how.resolve & RESOLVE_IN_ROOT, whole;
	struct path start = {};
	char first[2];
	long length = read_name(first, sizeof(first), request);

	if (length < 0)
		return 0;

	bool absolute = length > 1 && first[0] == '/';

	if (absolute && !in_root)
		root_directory(&start);
	else if (!start_directory(request->dirfd, &start))
		return 0;
	length = put_path(record->tail, &start, slot, &whole, true);
	record->event.truncated = !whole;
	if (!absolute)
		record->tail[length++] = '/';
	return length;
}

/*
 * Sets the path to the given name. If full paths are wanted, the directory that it starts from
 * comes first.
 */
static __always_inline void put_name(struct open_event_record *record,
				     const struct open_request *request, __u32 slot)
{
	struct open_event *event = &record->event;
	__u32 start = full_path ? put_start(record, request, slot) : 0;
	long length = read_name(record->tail + start, PATH_MAX, request);
	char last = 0;

	/* The length counts the NUL, which may have replaced another byte. */
	if (!request->copy && length == PATH_MAX) {
		bpf_probe_read_user(&last, 1, request->name + PATH_MAX - 1);
		event->truncated |= last != 0;
	}
	/* If the name was unreadable, the call itself failed with EFAULT. */
	event->path.length = start + (length > 0 ? length - 1 : 0);
}

/* Sets the path to that of an opened file. False if it has none that the process could use. */
static __always_inline bool put_opened(struct open_event_record *record, long fd, __u32 slot)
{
	struct file *file = file_of(fd);
	struct path path;
	bool whole;

	if (!file)
		return false;
	BPF_CORE_READ_INTO(&path, file, f_path);
	if (!in_own_namespace(&path))
		return false;
	record->event.path.length = put_file(record->tail, &path, slot, &whole);
	record->event.truncated = !whole;
	return true;
}

/* Fills in all but the result and the path. */
static __always_inline void describe(struct open_event_record *record,
				     const struct open_request *request)
{
	struct open_event *event = &record->event;
	__u32 flags = request->how.flags;

	fill_who(&event->who);
	event->flags = flags;
	event->mode = flags & (O_CREAT | O_TMPFILE_BIT) ? request->how.mode : 0;
	event->truncated = false;
	event->path.offset = sizeof(*event);
}

static __always_inline void send(struct open_event_record *record, long ret)
{
	record->event.ret = ret;
	emit_text(record, sizeof(record->event) + record->event.path.length);
}

/*
 * Not inlined: the program below runs at every system call, and inlining would make it save
 * registers for nothing.
 */
static __noinline int tell_open(struct pt_regs *regs, long ret, enum syscall nr, bool compat,
				__u32 slot)
{
	struct open_event_record *record = new_record(slot);
	struct open_request request = {.dirfd = AT_FDCWD};
	struct open_how *how = &request.how;
	unsigned long args[4];

	if (!record)
		return 0;
	for (int i = 0; i < 4; i++)
		args[i] = argument(regs, compat, i);

	switch (nr) {
	case SYS_CREAT:
		request.name = (void *)args[0];
		how->flags = O_CREAT | O_WRONLY | O_TRUNC;
		how->mode = args[1];
		break;
	case SYS_OPEN:
		request.name = (void *)args[0];
		how->flags = args[1];
		how->mode = args[2];
		break;
	default:
		request.dirfd = args[0];
		request.name = (void *)args[1];
		if (nr == SYS_OPENAT2) {
			bpf_probe_read_user(how, sizeof(*how), (void *)args[2]);
		} else {
			how->flags = args[2];
			how->mode = args[3];
		}
	}
	if (flags_unwanted(how->flags))
		return 0;
	record->event.io_uring = false;
	describe(record, &request);
	if (!full_path || ret < 0 || !put_opened(record, ret, slot))
		put_name(record, &request, slot);
	send(record, ret);
	return 0;
}

AT_SYSCALL_END(sys_exit)
{
	bool compat;
	enum syscall nr = leaving_open(regs, &compat);

	if (nr == SYS_OTHER || !has_result(regs, &ret) || result_unwanted(ret) || drop_current())
		return 0;
	return tell_open(regs, ret, nr, compat, SLOT_SYSCALL);
}

/*
 * Opens that a signal interrupts while they wait: for the other end of a FIFO, a file system's
 * server, or the end of a lease.
 */
SEC("tp_btf/signal_deliver")
int BPF_PROG(interrupted, int signal, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct pt_regs *regs = interrupted_call(action);
	bool compat;
	enum syscall nr = regs ? leaving_open(regs, &compat) : SYS_OTHER;

	if (nr == SYS_OTHER || drop_current())
		return 0;
	return tell_open(regs, -EINTR, nr, compat, SLOT_SIGNAL);
}

static __always_inline bool is_open(__u8 opcode)
{
	return opcode == 18 || opcode == 28; /* IORING_OP_OPENAT, IORING_OP_OPENAT2 */
}

static __always_inline void uring_submitted(struct io_kiocb *request, __u8 opcode, __u64 flags)
{
	/* A request begins with the data of its operation. */
	struct io_open *open = (void *)request;
	bool silent = flags & REQ_F_CQE_SKIP;

	if (!is_open(opcode) || drop_current())
		return;

	struct open_event_record *record = new_record(SLOT_IO_URING);
	struct open_request asked = {.dirfd = BPF_CORE_READ(open, dfd), .copy = name_of_open(open)};

	BPF_CORE_READ_INTO(&asked.how, open, how);
	/* The kernel adds O_LARGEFILE to the flags of the process. */
	asked.how.flags &= ~O_LARGEFILE;
	if (!record || flags_unwanted(asked.how.flags))
		return;
	record->event.io_uring = true;
	record->event._fixed = is_fixed(open);
	describe(record, &asked);
	put_name(record, &asked, SLOT_IO_URING);
	/* The result if no completion comes: a silent request has succeeded then. */
	record->event.ret = silent && only_failed ? 0 : -EINPROGRESS;
	if ((silent && !only_failed) || !keep_open(request, record))
		give_up(record);
}

static __always_inline void gave_up(struct open_event *event, __u64 size)
{
	if (!only_failed)
		emit(event, size);
	else if (event->ret)
		LOST(lost_open_without_result);
}

static __always_inline void completed(const struct request_id *id, __s32 result, __u32 slot)
{
	struct open_event_record *record = new_record(slot);

	if (!record || !take_open(id, record) || result_unwanted(result))
		return;
	record->event.who.time = event_time();
	if (full_path && result >= 0 && !record->event._fixed)
		put_opened(record, result, slot);
	send(record, result);
}

static __always_inline void uring_completed(struct io_ring_ctx *ring, struct io_kiocb *request,
					    __u64 user_data, __s32 result)
{
	struct request_id id = {(__u64)request, (__u64)ring, user_data};

	if (request && is_open(BPF_CORE_READ(request, opcode)))
		completed(&id, result, SLOT_COMPLETION);
}

static __always_inline void uring_overflowed(struct io_ring_ctx *ring, __u64 user_data,
					     __s32 result, bool last)
{
	struct request_id id = {0, (__u64)ring, user_data};

	completed(&id, result, SLOT_OVERFLOW);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
