// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files and directories as paths, by walking dentries and mounts up to the root. */
#pragma once

#include "descriptor.bpf.h"

#define PATH_MAX 4096
#define NAME_MAX 255
#define MAX_DEPTH 64

#define PATH_SLOTS 5

/*
 * Memory in which a path is built backwards from PATH_MAX. One slot for each program of an
 * object.
 */
struct path_room {
	char bytes[PATH_MAX + 2 * (NAME_MAX + 1)];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PATH_SLOTS);
	__type(key, __u32);
	__type(value, struct path_room);
} path_rooms SEC(".maps");

#define DELETED " (deleted)"

/* The directory that a relative path of the current task starts from. False if there is none. */
static __always_inline bool start_directory(int dirfd, struct path *start)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (dirfd == AT_FDCWD) {
		BPF_CORE_READ_INTO(start, task, fs, pwd);
		return true;
	}

	struct file *file = file_of(dirfd);

	if (file)
		BPF_CORE_READ_INTO(start, file, f_path);
	return file;
}

/* The directory that an absolute path of the current task starts from. */
static __always_inline void root_directory(struct path *root)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	BPF_CORE_READ_INTO(root, task, fs, root);
}

static __always_inline struct mount *mount_of(const struct path *path)
{
	return (void *)path->mnt - bpf_core_field_offset(struct mount, mnt);
}

/* Whether a path is in the current task's own mount namespace. That of a pipe is not. */
static __always_inline bool in_own_namespace(const struct path *path)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(mount_of(path), mnt_ns) == BPF_CORE_READ(task, nsproxy, mnt_ns);
}

#define CUT (1u << 31)

/*
 * Walks from a dentry up to the root of its mount namespace; without CROSS_MOUNTS, to that of
 * its file system. The path is written so that it ends at PATH_MAX of the slot's room. Returns
 * where it begins; for the root that is its end. A path of more than MAX_DEPTH steps or PATH_MAX
 * bytes is CUT: it begins with `...`.
 *
 * A global function with only numbers as arguments and result, so that the verifier checks it
 * once, instead of once for each path through the program.
 */
__noinline __u32 walk_up(__u64 from, __u64 through, __u32 slot, bool cross_mounts, __u32 begin)
{
	struct dentry *dentry = (void *)from;
	struct mount *mount = (void *)through;
	struct path_room *room = bpf_map_lookup_elem(&path_rooms, &slot);

	if (!room || begin > PATH_MAX)
		return PATH_MAX | CUT;
	for (int i = 0; i < MAX_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (cross_mounts &&
		    (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent)) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				return begin;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		if (dentry == parent)
			return begin;

		__u32 length = BPF_CORE_READ(dentry, d_name.len) & NAME_MAX;
		__s32 next = begin - length - 1;

		if (next <= 0)
			break;
		begin = next & (PATH_MAX - 1);
		room->bytes[begin] = '/';
		bpf_probe_read_kernel(room->bytes + begin + 1, length,
				      BPF_CORE_READ(dentry, d_name.name));
		dentry = parent;
	}
	begin = begin > 4 ? begin - 3 : 1;
	/* Verifiers up to 6.12 want to see it compared, in the register that is added. */
	asm volatile("" : "+r"(begin));
	if (begin >= PATH_MAX)
		return PATH_MAX | CUT;
	__builtin_memcpy(room->bytes + begin, "...", 3);
	return begin | CUT;
}

/* Puts the path that walk_up() finds at TO, which holds PATH_MAX bytes. Returns its length, 0 for the root. */
static __always_inline __u32 put_path(char *to, const struct path *path, __u32 slot, bool *whole,
				      bool cross_mounts)
{
	__u32 begin =
		walk_up((__u64)path->dentry, (__u64)mount_of(path), slot, cross_mounts, PATH_MAX);
	struct path_room *room = bpf_map_lookup_elem(&path_rooms, &slot);

	*whole = !(begin & CUT);
	begin &= ~CUT;
	if (!room || begin >= PATH_MAX)
		return 0;

	__u32 length = (PATH_MAX - begin) & (PATH_MAX - 1);

	bpf_probe_read_kernel(to, length, room->bytes + begin);
	return length;
}

/* Whether a file was deleted. The kernel then shows its last name, followed by DELETED. */
static __always_inline bool is_deleted(const struct path *path)
{
	struct dentry *dentry = path->dentry;

	return dentry != BPF_CORE_READ(dentry, d_parent) && !BPF_CORE_READ(dentry, d_hash.pprev);
}

/*
 * Whether a file never had a name in a directory, as those of memfd_create: it is its own root,
 * but not that of a mount.
 */
static __always_inline bool is_nameless(const struct path *path)
{
	struct dentry *dentry = path->dentry;

	return dentry == BPF_CORE_READ(dentry, d_parent) &&
	       dentry != BPF_CORE_READ(path->mnt, mnt_root);
}

/* The most bytes that put_file() writes: a path, and the mark of a deleted file. */
#define FILE_MAX (PATH_MAX + 15)

/* Puts the path of a file as links in /proc show it at TO, which holds FILE_MAX bytes. Returns its length. */
static __always_inline __u32 put_file(char *to, const struct path *path, __u32 slot, bool *whole)
{
	bool nameless = is_nameless(path);
	__u32 length;

	if (nameless) {
		*whole = true;
		length = BPF_CORE_READ(path->dentry, d_name.len) & NAME_MAX;
		to[0] = '/';
		bpf_probe_read_kernel(to + 1, length, BPF_CORE_READ(path->dentry, d_name.name));
		length++;
	} else {
		length = put_path(to, path, slot, whole, true);
		if (length == 0)
			to[length++] = '/';
	}
	if (nameless || is_deleted(path)) {
		__builtin_memcpy(to + length, DELETED, sizeof(DELETED) - 1);
		length += sizeof(DELETED) - 1;
	}
	return length;
}
