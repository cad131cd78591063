// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Calls that move bytes from or to descriptors and return the number of bytes. */
#pragma once

#include "syscall.bpf.h"

enum transfer_call {
	SYS_PREAD64 = 17,
	SYS_PWRITE64 = 18,
	SYS_READV = 19,
	SYS_WRITEV = 20,
	SYS_SENDFILE = 40,
	SYS_SPLICE = 275,
	SYS_PREADV = 295,
	SYS_PWRITEV = 296,
	SYS_COPY_FILE_RANGE = 326,
	SYS_PREADV2 = 327,
	SYS_PWRITEV2 = 328,
};

enum compat_transfer_call {
	COMPAT_READ = 3,
	COMPAT_WRITE = 4,
	COMPAT_READV = 145,
	COMPAT_WRITEV = 146,
	COMPAT_PREAD64 = 180,
	COMPAT_PWRITE64 = 181,
	COMPAT_SENDFILE = 187,
	COMPAT_SENDFILE64 = 239,
	COMPAT_SPLICE = 313,
	COMPAT_PREADV = 333,
	COMPAT_PWRITEV = 334,
	COMPAT_COPY_FILE_RANGE = 377,
	COMPAT_PREADV2 = 378,
	COMPAT_PWRITEV2 = 379,
};

/* Which arguments of a call are the descriptors. */
enum transfer_kind {
	NO_TRANSFER,
	READS,	/* from the first */
	WRITES, /* to the first */
	SENDS,	/* from the second to the first */
	COPIES, /* from the first to the third */
};

static __always_inline enum transfer_kind transfer_of(__u32 nr)
{
	switch (nr) {
	case SYS_READ:
	case SYS_PREAD64:
	case SYS_READV:
	case SYS_PREADV:
	case SYS_PREADV2:
		return READS;
	case SYS_WRITE:
	case SYS_PWRITE64:
	case SYS_WRITEV:
	case SYS_PWRITEV:
	case SYS_PWRITEV2:
		return WRITES;
	case SYS_SENDFILE:
		return SENDS;
	case SYS_SPLICE:
	case SYS_COPY_FILE_RANGE:
		return COPIES;
	default:
		return NO_TRANSFER;
	}
}

static __always_inline enum transfer_kind compat_transfer_of(__u32 nr)
{
	switch (nr) {
	case COMPAT_READ:
	case COMPAT_PREAD64:
	case COMPAT_READV:
	case COMPAT_PREADV:
	case COMPAT_PREADV2:
		return READS;
	case COMPAT_WRITE:
	case COMPAT_PWRITE64:
	case COMPAT_WRITEV:
	case COMPAT_PWRITEV:
	case COMPAT_PWRITEV2:
		return WRITES;
	case COMPAT_SENDFILE:
	case COMPAT_SENDFILE64:
		return SENDS;
	case COMPAT_SPLICE:
	case COMPAT_COPY_FILE_RANGE:
		return COPIES;
	default:
		return NO_TRANSFER;
	}
}

/* Descriptors; -1: none. */
struct transfer {
	int from;
	int to;
};

/* Whether the current task is leaving such a call. If so, TRANSFER gets its descriptors. */
static __always_inline bool leaving_transfer(struct pt_regs *regs, struct transfer *transfer)
{
	bool compat = in_compat_call();
	enum transfer_kind kind =
		compat ? compat_transfer_of(regs->orig_ax) : transfer_of(regs->orig_ax);
	int first;

	if (kind == NO_TRANSFER)
		return false;
	first = argument(regs, compat, 0);
	transfer->from = kind == SENDS ? argument(regs, compat, 1) : kind == WRITES ? -1 : first;
	transfer->to = kind == COPIES ? argument(regs, compat, 2) : kind == READS ? -1 : first;
	return true;
}
