// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Room for a condition on records that is written in TypeScript. User space compiles it, and
 * puts its instructions in place of those of condition() before it loads the object.
 */
#pragma once

#include "kernel.bpf.h"

const volatile bool by_condition;

/* Whether a record meets it. The compiler must not know that all do so far. */
static __attribute__((noinline, unused)) bool condition(const void *record)
{
	__u64 meets = 1;

	asm volatile(".rept 512\n"
		     "goto +0\n"
		     ".endr\n"
		     : "+r"(meets)
		     : "r"(record));
	return meets;
}
