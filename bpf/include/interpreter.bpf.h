// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Interpreters, which run a file for their caller: finds which of their arguments are the
 * caller's.
 */
#pragma once

#include "path.bpf.h"

#define BINPRM_FLAGS_PRESERVE_ARGV0 8 /* include/linux/binfmts.h */

/* Arguments before the caller's: the kernel lets interpreters run each other five times. */
#define INSERTED_MAX 12
/*
 * The kernel reads no more of a script's first line. A longer argument can only be the file's
 * name.
 */
#define COMPARED 256

/* The texts to compare, in the room of a slot. */
struct compared {
	char name[COMPARED];
	char last[COMPARED];
	char text[PATH_MAX];
};

_Static_assert(sizeof(struct compared) <= sizeof(struct path_room), "a slot has no room for it");

/*
 * Whether a program also got its caller's first argument (binfmt_misc's flag P, visible since
 * 5.12).
 */
static __always_inline bool keeps_argv0(struct linux_binprm *program)
{
	return program->interp_flags & BINPRM_FLAGS_PRESERVE_ARGV0;
}

#define AT_FLAGS 8 /* include/linux/auxvec.h */
#define AT_FLAGS_PRESERVE_ARGV0 1
#define AUXILIARY_MAX 32 /* more than there are */

/* The same, read from the program's own auxiliary vector in its MM. */
static __always_inline bool is_told_argv0(struct mm_struct *mm)
{
	const unsigned long *vector = __builtin_preserve_access_index(&mm->saved_auxv[0]);
	unsigned long entry[2] = {}; /* a type and its value */

	for (int i = 0; i < AUXILIARY_MAX && entry[0] != AT_FLAGS; i++)
		bpf_probe_read_kernel(entry, sizeof(entry), vector + 2 * i);
	return entry[0] == AT_FLAGS && entry[1] & AT_FLAGS_PRESERVE_ARGV0;
}

/* Stores the NAME of a file, a string of the kernel, for arguments to be compared with it. */
static __always_inline void compare_with(const char *name, __u32 slot)
{
	struct compared *compared = bpf_map_lookup_elem(&path_rooms, &slot);

	if (compared)
		bpf_probe_read_kernel_str(compared->name, sizeof(compared->name), name);
}

/* Whether an argument of a LENGTH is the same as the last one, or as the file's name. */
__noinline int is_same(bool last, __u32 length, __u32 slot)
{
	struct compared *compared = bpf_map_lookup_elem(&path_rooms, &slot);

	if (!compared)
		return false;

	const char *other = last ? compared->last : compared->name;

	for (__u32 i = 0; i < COMPARED && i < length; i++)
		if (compared->text[i] != other[i])
			return false;
	return true;
}

/* Whether two strings of the kernel, of the same LENGTH, are the same. */
static __always_inline bool are_same(const char *one, const char *other, __u32 length, __u32 slot)
{
	struct compared *compared = bpf_map_lookup_elem(&path_rooms, &slot);

	if (!compared)
		return false;
	compare_with(one, slot);
	bpf_probe_read_kernel_str(compared->text, sizeof(compared->text), other);
	return is_same(false, length, slot);
}

/*
 * Where the caller's arguments begin in the LIST of an interpreter's arguments, in bytes; past
 * the end if they are not found. They follow the name of the caller's file, which compare_with()
 * has stored and which has NAME_LENGTH bytes. It replaces the caller's first argument, unless
 * that was KEPT. Before the name come, for each interpreter, its own name and perhaps one
 * argument. An interpreter that is itself run by an interpreter that keeps arguments is listed
 * twice: its own first argument was kept.
 */
__noinline __u32 callers_start(__u64 list, __u32 name_length, bool kept, __u32 slot)
{
	struct compared *compared = bpf_map_lookup_elem(&path_rooms, &slot);
	__u32 at = 0, before = 0;

	if (!compared)
		return ~0U;

	for (int i = 0; i < INSERTED_MAX; i++) {
		long length = bpf_probe_read_user_str(compared->text, sizeof(compared->text),
						      (void *)(list + at));

		if (length <= 0)
			break;
		if (i > 0 && length == name_length + 1 && is_same(false, length, slot))
			return kept ? at + length : at;
		if (i > 0 && length == before && is_same(true, length, slot))
			kept = false;
		bpf_probe_read_kernel(compared->last, sizeof(compared->last), compared->text);
		before = length;
		at += length;
	}
	return ~0U;
}
