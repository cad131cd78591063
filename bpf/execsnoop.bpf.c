// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs that processes start. A successful exec is seen once it is done: its arguments are
 * read from the new program's memory, where nobody can change them any more. A failed exec is
 * seen when the call returns, with its arguments still in the caller's memory.
 */
#include "event.bpf.h"

RING(events)

#include "filter.bpf.h"
#include "interpreter.bpf.h"
#include "path.bpf.h"
#include "preemption.bpf.h"
#include "syscall.bpf.h"

#define ARGS_MAX 32768	    /* bytes of arguments in an event; user space never asks for more */
#define FAILED_ARGS_MAX 512 /* arguments of a failed exec; each takes a read */

const volatile __u32 args_limit = 8192; /* bytes of arguments wanted */

struct exec_event {
	struct who who;
	char pcomm[16];
	__s32 ret;
	__u32 device;
	struct text filename;
	struct text file;
	struct text fs_path;
	struct text cwd;
	struct text interpreter;
	struct text args;
	struct text interpreter_args;
	__u8 truncated;
	__u8 _pad[3];
};

/* Five paths, then arguments, whose last read may begin at the limit's end. */
#define PATHS_MAX (5 * FILE_MAX)
TEXT_RECORD(exec_event, PATHS_MAX + 2 * ARGS_MAX, 3)

#define SLOT_DONE 0
#define SLOT_FAILED 1
#define SLOT_SIGNAL 2

/* Makes TEXT the LENGTH bytes at START of the tail. Returns where the next text starts. */
static __always_inline __u32 place(struct text *text, __u32 start, __u32 length)
{
	if (length > FILE_MAX)
		length = FILE_MAX;
	text->offset = sizeof(struct exec_event) + start;
	text->length = length;
	return start + length;
}

/* The length of a string that was read, without the NUL. */
static __always_inline __u32 without_nul(long length)
{
	return length > 0 ? length - 1 : 0;
}

/*
 * Describes the process and its directory, at the START of the tail. Returns where the next text
 * starts.
 */
static __always_inline __u32 describe(struct exec_event_record *record, struct task_struct *task,
				      long ret, __u32 start, __u32 slot)
{
	struct exec_event *event = &record->event;
	struct path cwd;
	bool whole;

	fill_who(&event->who);
	event->ret = ret;
	event->truncated = false;
	BPF_CORE_READ_STR_INTO(&event->pcomm, task, real_parent, comm);
	BPF_CORE_READ_INTO(&cwd, task, fs, pwd);
	return place(&event->cwd, start, put_file(record->tail + start, &cwd, slot, &whole));
}

/* Puts the file that runs: its path in its mount namespace, and the one in its file system. */
static __always_inline __u32 put_program(struct exec_event_record *record, struct file *file,
					 __u32 start, __u32 slot)
{
	struct exec_event *event = &record->event;
	char *to = record->tail + start;
	struct path path;
	bool whole;

	BPF_CORE_READ_INTO(&path, file, f_path);
	event->device = BPF_CORE_READ(path.dentry, d_sb, s_dev);
	start = place(&event->file, start, put_file(to, &path, slot, &whole));
	to = record->tail + start;
	return place(&event->fs_path, start, put_path(to, &path, slot, &whole, false));
}

/* The program that an exec has started. */
struct program {
	struct file *file;
	const char *filename;
	bool interpreted;
	const char *interpreter; /* NULL: the first argument is its name */
	bool keeps_argv0;
};

static __always_inline int tell_done(struct task_struct *task, const struct program *program)
{
	struct exec_event_record *record = new_record(SLOT_DONE);

	if (!record)
		return 0;

	struct exec_event *event = &record->event;
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	long length = bpf_probe_read_kernel_str(record->tail, PATH_MAX, program->filename);
	__u32 next = place(&event->filename, 0, without_nul(length));
	char *interpreter = record->tail + next;

	length = 0;
	if (program->interpreted && program->interpreter)
		length = bpf_probe_read_kernel_str(interpreter, PATH_MAX, program->interpreter);
	else if (program->interpreted)
		length = bpf_probe_read_user_str(interpreter, PATH_MAX, (void *)start);
	next = place(&event->interpreter, next, without_nul(length));
	next = put_program(record, program->file, next, SLOT_DONE);
	next = describe(record, task, 0, next, SLOT_DONE);
	place(&event->args, next, 0);
	place(&event->interpreter_args, next, 0);

	__u32 whole = BPF_CORE_READ(task, mm, arg_end) - start, wanted = whole;

	if (wanted > args_limit)
		wanted = args_limit;
	if (wanted > ARGS_MAX)
		wanted = ARGS_MAX;
	event->truncated = wanted < whole;
	if (bpf_probe_read_user(record->tail + next, wanted, (void *)start) != 0) {
		event->truncated = true;
		wanted = 0;
	}
	event->args.length = wanted;
	if (program->interpreted) {
		compare_with(program->filename, SLOT_DONE);

		__u32 skip = callers_start(start, event->filename.length, program->keeps_argv0,
					   SLOT_DONE);

		if (skip > wanted)
			skip = wanted;
		event->interpreter_args = event->args;
		event->args.offset += skip;
		event->args.length -= skip;
	}
	emit_text(record, sizeof(*event) + next + wanted);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, int old_pid, struct linux_binprm *binary)
{
	if (drop_current())
		return 0;

	struct program program = {
		.file = binary->file,
		.filename = binary->filename,
		.interpreter = binary->interp,
		/* The strings differ only if the file has an interpreter, by its first line or by binfmt_misc. */
		.interpreted = binary->interp != binary->filename,
		.keeps_argv0 = keeps_argv0(binary),
	};

	return tell_done(task, &program);
}

/* See preemption.bpf.h. */

/* Whether a task is about to become an interpreter. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u8);
} interpreted_preemptible SEC(".maps");

__u64 lost_no_room_for_interpreter;

#define STRING(event, field) ((const char *)(event) + ((event)->__data_loc_##field & 0xffff))
#define STRING_LENGTH(event, field) ((event)->__data_loc_##field >> 16)

SEC("?tp/sched/sched_prepare_exec")
int exec_done_preemptible_before(struct trace_event_raw_sched_prepare_exec *event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 length = STRING_LENGTH(event, filename);
	bool same = length == STRING_LENGTH(event, interp) &&
		    are_same(STRING(event, filename), STRING(event, interp), length, SLOT_DONE);
	__u8 *is = bpf_task_storage_get(&interpreted_preemptible, task, 0,
					same ? 0 : BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (is)
		*is = !same;
	else if (!same && !drop_current())
		LOST(lost_no_room_for_interpreter);
	return 0;
}

SEC("?tp/sched/sched_process_exec")
int exec_done_preemptible(struct trace_event_raw_sched_process_exec *event)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (drop_current())
		return 0;

	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u8 *is = bpf_task_storage_get(&interpreted_preemptible, task, 0, 0);
	struct program program = {
		.file = BPF_CORE_READ(mm, exe_file),
		.filename = STRING(event, filename),
		.interpreted = is && *is,
		.keeps_argv0 = is && *is && is_told_argv0(mm),
	};

	return tell_done(task, &program);
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
 * Reads the file's name in the form that the kernel uses if the call succeeds: below a
 * directory's descriptor N it is /dev/fd/N/NAME. Returns the length.
 */
static __always_inline __u32 read_filename(char *out, const char *name, int directory)
{
	__u32 start = 0;
	char first = 0;

	bpf_probe_read_user(&first, sizeof(first), name);
	if (directory != AT_FDCWD && first != '/') {
		start = put_descriptor(out, directory) & 31;
		if (first)
			out[start++] = '/';
	}

	long length = bpf_probe_read_user_str(out + start, PATH_MAX - start, name);

	return start + without_nul(length);
}

/*
 * Reads the pointer at an index of a list of arguments; NULL ends the list. False if it cannot
 * be read.
 */
static __always_inline bool argument_at(const char **argument, unsigned long list, bool compat,
					int index)
{
	__u32 size = compat ? 4 : 8;

	*argument = NULL;
	if (!list) /* like the kernel, takes a missing list for an empty one */
		return true;
	return bpf_probe_read_user(argument, size, (void *)(list + index * size)) == 0;
}

/*
 * Puts the arguments of a list at the START of the tail. Not static, so that the verifier checks
 * the loop only once, not for every way that leads here.
 */
__noinline int put_list(__u64 list, bool compat, __u32 slot, __u32 start)
{
	struct exec_event_record *record = new_record(slot);

	if (!record || start > PATHS_MAX)
		return 0;

	char *args = record->tail + start;
	__u32 limit = args_limit < ARGS_MAX ? args_limit : ARGS_MAX, used = 0;

	record->event.truncated = true; /* until the end of the list is seen */
	for (int i = 0; i <= FAILED_ARGS_MAX; i++) {
		const char *argument;

		if (!argument_at(&argument, list, compat, i))
			break;
		if (!argument) {
			record->event.truncated = false;
			break;
		}
		if (used >= limit || i == FAILED_ARGS_MAX)
			break;
		used &= ARGS_MAX - 1;

		/* One byte more than the limit, so that a longer argument exceeds it. */
		long read = bpf_probe_read_user_str(args + used, ARGS_MAX + 1, argument);

		if (read <= 0)
			break;
		used += read;
		if (used > limit) {
			used = limit;
			break;
		}
	}
	record->event.args.length = used;
	return 0;
}

/*
 * Not inlined: the program below runs at every system call, and inlining would make it save
 * registers for nothing.
 */
static __noinline int tell_failed(struct pt_regs *regs, long ret, enum syscall nr, bool compat,
				  __u32 slot)
{
	struct exec_event_record *record = new_record(slot);
	int first = nr == SYS_EXECVEAT ? 1 : 0;

	if (!record)
		return 0;

	struct exec_event *event = &record->event;
	const void *filename = (void *)argument(regs, compat, first);
	int directory = first ? (int)argument(regs, compat, 0) : AT_FDCWD;
	unsigned long list = argument(regs, compat, first + 1);
	__u32 next = place(&event->filename, 0, read_filename(record->tail, filename, directory));

	event->device = 0;
	place(&event->interpreter, next, 0);
	place(&event->interpreter_args, next, 0);
	place(&event->file, next, 0);
	place(&event->fs_path, next, 0);
	next = describe(record, (void *)bpf_get_current_task(), ret, next, slot);
	place(&event->args, next, 0);

	put_list(list, compat, slot, next);
	emit_text(record, event->args.offset + event->args.length);
	return 0;
}

AT_SYSCALL_END(exec_failed)
{
	bool compat;
	enum syscall nr = leaving_exec(regs, &compat);

	if (nr == SYS_OTHER || !has_result(regs, &ret) || ret >= 0 || drop_current())
		return 0;
	return tell_failed(regs, ret, nr, compat, SLOT_FAILED);
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(exec_interrupted, int signal, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct pt_regs *regs = interrupted_call(action);
	bool compat;
	enum syscall nr = regs ? leaving_exec(regs, &compat) : SYS_OTHER;

	if (nr == SYS_OTHER || drop_current())
		return 0;
	return tell_failed(regs, -EINTR, nr, compat, SLOT_SIGNAL);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
