// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs that processes start. A successful exec is seen when it is done: the
 * arguments are read from the new program's own memory, where nothing can change
 * them any more. A failed one is seen when the call returns, its arguments still
 * in the caller's memory.
 */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"
#include "syscall.bpf.h"

#define ARGS_MAX 32768 /* bytes of arguments in an event; user space asks for at most so many */
#define FILENAME_MAX 4096
#define FAILED_ARGS_MAX 512 /* arguments of a failed exec, each a read of its own */

const volatile __u32 args_limit = 8192; /* bytes of arguments wanted */

struct exec_event {
	struct who who;
	char pcomm[16];
	__s32 ret;
	struct text filename;
	struct text interpreter;
	struct text args;
	__u8 truncated;
	__u8 _pad[7];
};

/* A last read may begin at the limit's end. */
TEXT_RECORD(exec_event, 2 * FILENAME_MAX + 2 * ARGS_MAX, 2)

#define SLOT_DONE 0
#define SLOT_FAILED 1

static __always_inline void describe(struct exec_event *event, struct task_struct *task, long ret)
{
	fill_who(&event->who);
	event->ret = ret;
	event->truncated = false;
	BPF_CORE_READ_STR_INTO(&event->pcomm, task, real_parent, comm);
}

/* Makes TEXT the LENGTH bytes at START of the tail, less their NUL. Returns where the next text starts. */
static __always_inline __u32 place(struct text *text, __u32 start, long length)
{
	__u32 bytes = length > 0 ? (length - 1) & (FILENAME_MAX - 1) : 0;

	text->offset = sizeof(struct exec_event) + start;
	text->length = bytes;
	return start + bytes;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, int old_pid, struct linux_binprm *program)
{
	if (drop_current())
		return 0;

	struct exec_event_record *record = new_record(SLOT_DONE);

	if (!record)
		return 0;

	struct exec_event *event = &record->event;

	describe(event, task, 0);

	const char *filename = program->filename, *interpreter = program->interp;
	long length = bpf_probe_read_kernel_str(record->tail, FILENAME_MAX, filename);
	__u32 next = place(&event->filename, 0, length);

	/* The same string unless the file names an interpreter, or another does so for it. */
	length = 0;
	if (interpreter != filename)
		length = bpf_probe_read_kernel_str(record->tail + next, FILENAME_MAX, interpreter);
	next = place(&event->interpreter, next, length);
	place(&event->args, next, 0);

	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	__u32 whole = BPF_CORE_READ(task, mm, arg_end) - start, wanted = whole;

	if (wanted > args_limit)
		wanted = args_limit;
	if (wanted > ARGS_MAX)
		wanted = ARGS_MAX;
	event->truncated = wanted < whole;
	if (bpf_probe_read_user(record->tail + next, wanted, (void *)start) == 0)
		event->args.length = wanted;
	else
		event->truncated = true;
	emit_text(record, event->args.offset + event->args.length);
	return 0;
}

#define DIGITS_MAX 10

/* Writes /dev/fd/N. Returns its length, which is below 32. */
static __always_inline __u32 put_descriptor(char *out, int fd)
{
	__u32 number = fd < 0 ? -fd : fd, length = 8, digits = 1;

	__builtin_memcpy(out, "/dev/fd/", length);
	if (fd < 0)
		out[length++] = '-';
	for (__u32 rest = number; rest >= 10 && digits < DIGITS_MAX; rest /= 10)
		digits++;
	length += digits;
	for (__u32 i = 1; i <= digits; i++, number /= 10)
		out[(length - i) & 31] = '0' + number % 10;
	return length;
}

/*
 * Reads the file's name as the kernel calls it where the call succeeds: behind a directory's descriptor
 * N it is /dev/fd/N/NAME. Returns the length with the NUL.
 */
static __always_inline long read_filename(char *out, const char *name, int directory)
{
	__u32 start = 0;
	char first = 0;

	bpf_probe_read_user(&first, sizeof(first), name);
	if (directory != AT_FDCWD && first != '/') {
		start = put_descriptor(out, directory) & 31;
		if (first)
			out[start++] = '/';
	}

	long length = bpf_probe_read_user_str(out + start, FILENAME_MAX - start, name);

	return start + (length > 0 ? length : 1);
}

/* Reads the pointer at an index of a list of arguments; NULL ends it. False where it cannot be read. */
static __always_inline bool argument_at(const char **argument, unsigned long list, bool compat,
					int index)
{
	__u32 size = compat ? 4 : 8;

	*argument = NULL;
	if (!list) /* as for the kernel, no list is an empty one */
		return true;
	return bpf_probe_read_user(argument, size, (void *)(list + index * size)) == 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(exec_failed, struct pt_regs *regs, long ret)
{
	bool compat;
	enum syscall nr = leaving_exec(regs, &compat);

	if (nr == SYS_OTHER || ret >= 0 || drop_current())
		return 0;

	struct exec_event_record *record = new_record(SLOT_FAILED);
	int first = nr == SYS_EXECVEAT ? 1 : 0;

	if (!record)
		return 0;

	struct exec_event *event = &record->event;
	const void *filename = (void *)argument(regs, compat, first);
	int directory = first ? (int)argument(regs, compat, 0) : AT_FDCWD;
	unsigned long list = argument(regs, compat, first + 1);

	describe(event, (void *)bpf_get_current_task(), ret);

	__u32 next = place(&event->filename, 0, read_filename(record->tail, filename, directory));

	place(&event->interpreter, next, 0);
	place(&event->args, next, 0);

	char *args = record->tail + next;
	__u32 limit = args_limit < ARGS_MAX ? args_limit : ARGS_MAX, used = 0;

	event->truncated = true; /* until the end of the list is seen */
	for (int i = 0; i <= FAILED_ARGS_MAX; i++) {
		const char *argument;

		if (!argument_at(&argument, list, compat, i))
			break;
		if (!argument) {
			event->truncated = false;
			break;
		}
		if (used >= limit || i == FAILED_ARGS_MAX)
			break;
		used &= ARGS_MAX - 1;

		/* One byte more than can be wanted: then a longer one goes past the limit. */
		long read = bpf_probe_read_user_str(args + used, ARGS_MAX + 1, argument);

		if (read <= 0)
			break;
		used += read;
		if (used > limit) {
			used = limit;
			break;
		}
	}
	event->args.length = used;
	emit_text(record, event->args.offset + event->args.length);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
