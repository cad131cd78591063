// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files that processes open: open, creat, openat, openat2, and opens made by io_uring. */
#include "event.bpf.h"
#include "filter.bpf.h"
#include "io_uring.bpf.h"
#include "path.bpf.h"
#include "syscall.bpf.h"

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
	__u8 _pad[6];
};

#define O_TMPFILE_BIT 020000000
#define REQ_F_CQE_SKIP 64 /* include/linux/io_uring_types.h: no completion on success */
#define EINPROGRESS 115
#define SLOT_SYSCALL 0
#define SLOT_IO_URING 1

/* Room for a directory, a name, and the directory once more while it is being put together. */
TEXT_RECORD(open_event, 3 * PATH_MAX + NAME_MAX + 1, 2)

/* Opens that io_uring has accepted and not yet completed, by request. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct open_event_record);
} io_uring_opens SEC(".maps");

static __always_inline bool result_unwanted(long ret)
{
	return only_failed && ret >= 0;
}

static __always_inline bool flags_unwanted(__u32 flags)
{
	return by_flags && !(flags & only_flags) &&
	       !(only_access_modes & (1u << (flags & O_ACCMODE)));
}

/* Puts the directory that a relative path starts from, and a slash, into the tail. Returns its length. */
static __always_inline __u32 prepend_directory(struct open_event_record *record, int dirfd)
{
	struct path directory = {};
	char *out = record->tail + 2 * PATH_MAX;

	if (!start_directory(dirfd, &directory))
		return 0;

	bool whole;
	__u32 begin = directory_path(&directory, out, &whole) & (2 * PATH_MAX - 1);
	__u32 length = (PATH_MAX - begin) & (PATH_MAX - 1);

	record->event.truncated = !whole;
	bpf_probe_read_kernel(record->tail, length, out + (begin & (PATH_MAX - 1)));
	record->tail[length] = '/';
	return length + 1;
}

/* Fills in all but the result. NAME is a string of the kernel or of the user. */
static __always_inline void describe(struct open_event_record *record, int dirfd, __u32 flags,
				     __u32 mode, const void *name, bool of_kernel)
{
	struct open_event *event = &record->event;
	__u32 start = 0;
	char first, last = 0;
	long length;

	fill_who(&event->who);
	event->flags = flags;
	event->mode = flags & (O_CREAT | O_TMPFILE_BIT) ? mode : 0;
	event->truncated = false;
	if (full_path) {
		long failed = of_kernel ? bpf_probe_read_kernel(&first, 1, name)
					: bpf_probe_read_user(&first, 1, name);

		if (!failed && first != '/')
			start = prepend_directory(record, dirfd) & (2 * PATH_MAX - 1);
	}
	if (of_kernel)
		length = bpf_probe_read_kernel_str(record->tail + start, PATH_MAX, name);
	else
		length = bpf_probe_read_user_str(record->tail + start, PATH_MAX, name);
	/* The length counts the NUL, which may stand in for another byte. */
	if (!of_kernel && length == PATH_MAX) {
		bpf_probe_read_user(&last, 1, name + PATH_MAX - 1);
		event->truncated |= last != 0;
	}
	/* An unreadable name failed the call itself, with EFAULT. */
	event->path.offset = sizeof(*event);
	event->path.length = start + (length > 0 ? length - 1 : 0);
}

static __always_inline void send(struct open_event_record *record, long ret)
{
	record->event.ret = ret;
	emit_text(record, sizeof(record->event) + record->event.path.length);
}

/* Not inlined: the program below runs at every system call, and should save few registers for nothing. */
static __noinline int tell_open(struct pt_regs *regs, long ret, enum syscall nr, bool compat)
{
	struct open_event_record *record = new_record(SLOT_SYSCALL);
	unsigned long args[4];

	if (!record)
		return 0;
	for (int i = 0; i < 4; i++)
		args[i] = argument(regs, compat, i);

	struct open_how how = {};
	int dirfd = AT_FDCWD;
	const void *name = (void *)args[0];

	switch (nr) {
	case SYS_CREAT:
		how.flags = O_CREAT | O_WRONLY | O_TRUNC;
		how.mode = args[1];
		break;
	case SYS_OPEN:
		how.flags = args[1];
		how.mode = args[2];
		break;
	default:
		dirfd = args[0];
		name = (void *)args[1];
		if (nr == SYS_OPENAT2) {
			bpf_probe_read_user(&how, sizeof(how), (void *)args[2]);
		} else {
			how.flags = args[2];
			how.mode = args[3];
		}
	}
	if (flags_unwanted(how.flags))
		return 0;
	record->event.io_uring = false;
	describe(record, dirfd, how.flags, how.mode, name, false);
	send(record, ret);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	bool compat;
	enum syscall nr = leaving_open(regs, &compat);

	if (nr == SYS_OTHER || result_unwanted(ret) || drop_current())
		return 0;
	return tell_open(regs, ret, nr, compat);
}

static __always_inline bool is_open(__u8 opcode)
{
	return opcode == 18 || opcode == 28; /* IORING_OP_OPENAT, IORING_OP_OPENAT2 */
}

/* The name that a request has copied. */
static __always_inline const char *name_of(struct io_open *open)
{
	struct filename *filename;

	if (bpf_core_type_exists(struct delayed_filename))
		filename = BPF_CORE_READ((struct io_open___delayed *)open,
					 filename.__incomplete_filename);
	else
		filename = BPF_CORE_READ(open, filename);
	return BPF_CORE_READ(filename, name);
}

static __always_inline void uring_submitted(struct io_kiocb *request)
{
	/* A request starts with what its operation needs. */
	struct io_open *open = (void *)request;
	__u64 key = (__u64)request;

	if (!is_open(request->opcode) || drop_current())
		return;

	/* The kernel adds O_LARGEFILE to what the process asked for. */
	__u32 flags = BPF_CORE_READ(open, how.flags) & ~O_LARGEFILE;
	struct open_event_record *record = new_record(SLOT_IO_URING);

	if (!record || flags_unwanted(flags))
		return;
	record->event.io_uring = true;
	describe(record, BPF_CORE_READ(open, dfd), flags, BPF_CORE_READ(open, how.mode),
		 name_of(open), true);
	/* If this succeeds nothing will tell of it, so tell now, while its result is not known. */
	if (request->flags & REQ_F_CQE_SKIP && !only_failed)
		send(record, -EINPROGRESS);
	else if (bpf_map_update_elem(&io_uring_opens, &key, record, BPF_ANY))
		LOST(lost_map_full);
}

static __always_inline void uring_completed(struct io_ring_ctx *ring, struct io_kiocb *request,
					    __u64 user_data, __s32 result)
{
	__u64 key = (__u64)request;
	struct open_event_record *record;

	record = bpf_map_lookup_elem(&io_uring_opens, &key);
	if (!record)
		return;
	record->event.who.time = event_time();
	/* Something else, when the open succeeded in silence and its request came to be used again. */
	if (is_open(BPF_CORE_READ(request, opcode)) && !result_unwanted(result))
		send(record, result);
	bpf_map_delete_elem(&io_uring_opens, &key);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
