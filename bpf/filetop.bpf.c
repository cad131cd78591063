// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What threads read from files and write to them. Counted when a call ends or an io_uring
 * request is completed.
 */
#include "event.bpf.h"
#include "descriptor.bpf.h"
#include "filter.bpf.h"
#include "io_uring.bpf.h"
#include "preemption.bpf.h"
#include "table.bpf.h"
#include "transfer.bpf.h"

const volatile bool all_files;
const volatile bool no_reads;
const volatile bool no_writes;
const volatile bool by_directory;
const volatile __u64 only_directory; /* its inode */
const volatile __u32 only_device;

#define NAME_MAX 255

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFSOCK 0140000

enum file_type { REGULAR, SOCKET, OTHER };

struct file_key {
	__u64 cgroup_id;
	__u32 pid;
	__u32 tid;
	__u64 _inode; /* tells files with the same name apart */
	__u32 _device;
	__u32 _pad;
};

struct file_count {
	__u64 reads;
	__u64 writes;
	__u64 read_bytes;
	__u64 written_bytes;
	char comm[16];
	char file[NAME_MAX + 1];
	__u8 type;
	__u8 _pad[7];
};

TABLE(files, struct file_key, struct file_count, 10240, BPF_F_NO_PREALLOC)

static __always_inline enum file_type type_of(struct inode *inode)
{
	switch (BPF_CORE_READ(inode, i_mode) & S_IFMT) {
	case S_IFREG:
		return REGULAR;
	case S_IFSOCK:
		return SOCKET;
	default:
		return OTHER;
	}
}

static __always_inline bool in_directory(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_parent, d_inode, i_ino) == only_directory &&
	       BPF_CORE_READ(dentry, d_sb, s_dev) == only_device;
}

/*
 * The entry of a file that the current thread uses; NULL if it is not wanted or there is no
 * room.
 */
static __always_inline struct file_count *count_of(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	enum file_type type = type_of(inode);
	struct file_key key = {};
	struct file_count *count;

	if ((type != REGULAR && !all_files) || (by_directory && !in_directory(dentry)))
		return NULL;
	key.cgroup_id = cgroup_id(task);
	key.pid = task->tgid;
	key.tid = task->pid;
	key._inode = BPF_CORE_READ(inode, i_ino);
	key._device = BPF_CORE_READ(inode, i_sb, s_dev);
	count = files_entry(&key);
	if (count && !count->comm[0]) {
		__u32 length = BPF_CORE_READ(dentry, d_name.len) & NAME_MAX;

		count->type = type;
		bpf_probe_read_kernel(count->file, length, BPF_CORE_READ(dentry, d_name.name));
		bpf_get_current_comm(count->comm, sizeof(count->comm));
	}
	return count;
}

static __always_inline void was_read(struct file *file, __u64 bytes)
{
	struct file_count *count = !file || no_reads ? NULL : count_of(file);

	if (count) {
		ADD(count->reads, 1);
		ADD(count->read_bytes, bytes);
	}
}

static __always_inline void was_written(struct file *file, __u64 bytes)
{
	struct file_count *count = !file || no_writes ? NULL : count_of(file);

	if (count) {
		ADD(count->writes, 1);
		ADD(count->written_bytes, bytes);
	}
}

AT_SYSCALL_END(sys_exit)
{
	struct transfer transfer;

	if (!leaving_transfer(regs, &transfer) || !has_result(regs, &ret) || ret < 0 ||
	    drop_current())
		return 0;
	if (transfer.from >= 0)
		was_read(file_of(transfer.from), ret);
	if (transfer.to >= 0)
		was_written(file_of(transfer.to), ret);
	return 0;
}

static __always_inline void uring_submitted(struct io_kiocb *request, __u8 opcode, __u64 flags)
{
}

/* Whoever completes a request is a thread of the process that made it. */
static __always_inline void uring_completed(struct io_ring_ctx *ring, struct io_kiocb *request,
					    __u64 user_data, __s32 result)
{
	if (!request || result < 0)
		return;
	switch (BPF_CORE_READ(request, opcode)) {
	case IORING_OP_READ:
	case IORING_OP_READV:
	case IORING_OP_READ_FIXED:
		if (!drop_current())
			was_read(BPF_CORE_READ(request, file), result);
		break;
	case IORING_OP_WRITE:
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE_FIXED:
		if (!drop_current())
			was_written(BPF_CORE_READ(request, file), result);
		break;
	}
}

static __always_inline void uring_overflowed(struct io_ring_ctx *ring, __u64 user_data,
					     __s32 result, bool last)
{
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
